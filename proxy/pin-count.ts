/**
 * How many pins the directory has, for whoever looks often: databases count row by row, 50 ms for 100,000 pins, and a store that has
 * just come back has other things to do.
 */

/** Of the store's time, a front door takes one part in so many for counting. */
const rarity = 20;

export class PinCount {
  readonly #count: () => Promise<number>;
  readonly #nowMs: () => number;
  #last: number | undefined;
  #keptUntilMs = -Infinity;
  #counting: Promise<void> | undefined;

  constructor(count: () => Promise<number>, nowMs: () => number) {
    this.#count = count;
    this.#nowMs = nowMs;
  }

  /** As old as 20 times what counting takes, at most; where the store does not answer, the last one, or undefined where there is none. */
  async read(): Promise<number | undefined> {
    if (this.#nowMs() >= this.#keptUntilMs) {
      this.#counting ??= this.#countOnce().finally(() => (this.#counting = undefined));
      await this.#counting;
    }
    return this.#last;
  }

  async #countOnce(): Promise<void> {
    const beganAtMs = this.#nowMs();
    const pins = await this.#count().catch(() => undefined);
    if (pins !== undefined) this.#last = pins;
    const endedAtMs = this.#nowMs();
    this.#keptUntilMs = endedAtMs + rarity * (endedAtMs - beganAtMs);
  }
}
