/**
 * Whether a crowd was here and has gone, by looks a few seconds apart: what it took of memory lies free then, in pieces that
 * the C library keeps for the next crowd.
 */

/** With fewer it is not worth the stop. */
const crowdMin = 500;
/** The collector of V8 begins 8 s after it has become quiet, and lets go of what the C library has then. */
const quietLooksMin = 3;

export class Crowd {
  /** Since the last one has gone. */
  #most = 0;
  #quietLooks = 0;

  /** True once for each crowd. */
  hasGone(open: number): boolean {
    this.#most = Math.max(this.#most, open);
    if (this.#most < crowdMin || open > this.#most / 2) {
      this.#quietLooks = 0;
      return false;
    }
    if (++this.#quietLooks < quietLooksMin) return false;
    this.#quietLooks = 0;
    this.#most = open;
    return true;
  }
}
