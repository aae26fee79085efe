/**
 * So many cases wait for the first word of the front door, and no more: what it has not read within its deadline for heads it cuts, and
 * on a busy machine a crowd that comes at once would be cut as a whole.
 */
const startingMax = 96;

export class StartGate {
  readonly #waiting: (() => void)[] = [];
  #starting = 0;

  /** Resolves when the case may begin; what it gives is to be called when it has heard something, once or more often. */
  async enter(): Promise<() => void> {
    if (this.#starting >= startingMax) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#starting++;
    let isStarting = true;
    return () => {
      if (isStarting) this.#leave();
      isStarting = false;
    };
  }

  /** The next one has the place. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#starting--;
    else next();
  }
}
