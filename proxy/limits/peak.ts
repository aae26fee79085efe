/** Whether there was much of something and it has gone, by looks a few seconds apart. */

/** Who has gone for a moment is likely to be back. */
const quietLooksMin = 3;

export class Peak {
  readonly #min: number;
  /** Since the last one has passed. */
  #most = 0;
  #quietLooks = 0;

  /** Less than `min` is never much. */
  constructor(min: number) {
    this.#min = min;
  }

  /** True once for each peak. */
  hasPassed(now: number): boolean {
    this.#most = Math.max(this.#most, now);
    if (this.#most < this.#min || now > this.#most / 2) {
      this.#quietLooks = 0;
      return false;
    }
    if (++this.#quietLooks < quietLooksMin) return false;
    this.#quietLooks = 0;
    this.#most = now;
    return true;
  }
}
