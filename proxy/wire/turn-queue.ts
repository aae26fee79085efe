/**
 * Work that clients could all ask for at once, such as requests that they have sent ahead: a few pieces in each turn of the event
 * loop, in order, so that whoever asks for something else in between waits for a few of them and not for all. Bounded by who asks:
 * each connection has one piece here at most.
 */
export class TurnQueue {
  readonly #piecesPerTurn: number;
  readonly #waiting: (() => void)[] = [];
  #isPlanned = false;

  constructor(piecesPerTurn: number) {
    this.#piecesPerTurn = piecesPerTurn;
  }

  add(piece: () => void): void {
    this.#waiting.push(piece);
    this.#plan();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => this.#work());
  }

  #work(): void {
    this.#isPlanned = false;
    try {
      for (let left = this.#piecesPerTurn; left > 0 && this.#waiting.length > 0; left--)
        this.#waiting.shift()!();
    } finally {
      if (this.#waiting.length > 0) this.#plan();
    }
  }
}
