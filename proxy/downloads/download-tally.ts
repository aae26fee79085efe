/**
 * Tells downloads apart from the requests that they are made of. A program that reads in parts asks for the end of a file on more
 * than one connection, and what a kernel took counts as read: so parts are one download for a while, and with a whole, too. Pure.
 */

/** Parts of the same file for the same address within this belong together. */
const togetherMs = 600_000;
/** The oldest are forgotten. */
const rememberedMax = 10_000;

interface Counted {
  readonly wholeMs: number;
  readonly partsMs: number;
}

export class DownloadTally {
  readonly #nowMs: () => number;
  /** By address and version of a file, the newest last. */
  readonly #counted = new Map<string, Counted>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The last byte was taken, of the whole or of a part; true where that is a download which was not counted yet. */
  count(name: string, isWhole: boolean): boolean {
    const now = this.#nowMs();
    const { wholeMs, partsMs } = this.#counted.get(name) ?? { wholeMs: -Infinity, partsMs: -Infinity };
    const since = isWhole ? partsMs : Math.max(wholeMs, partsMs);
    this.#counted.delete(name);
    this.#counted.set(name, isWhole ? { wholeMs: now, partsMs } : { wholeMs, partsMs: now });
    const [oldest] = this.#counted.keys();
    if (this.#counted.size > rememberedMax && oldest !== undefined) this.#counted.delete(oldest);
    return now - since > togetherMs;
  }
}
