/** How far a long run is: a line on standard output for each tenth of it, with the time since it began. */
export class Progress {
  readonly #name: string;
  readonly #total: number;
  readonly #startedAtMs = performance.now();
  #tenths = 0;

  constructor(name: string, total: number) {
    this.#name = name;
    this.#total = total;
  }

  /** So much is done in all; less than before is nothing new. */
  note(done: number): void {
    const tenths = Math.floor((done / this.#total) * 10);
    if (tenths <= this.#tenths) return;
    this.#tenths = tenths;
    const seconds = (performance.now() - this.#startedAtMs) / 1_000;
    console.log(`${this.#name}: ${tenths}0 % after ${seconds.toFixed(0)} s`);
  }
}
