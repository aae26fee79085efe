/** Seeded random numbers, so that a simulation gives the same figures on every machine. */

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** In [0, 1). Mulberry32: 32 bits of state are plenty for a few million draws. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let value = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** 0 to below `bound`. */
  integer(bound: number): number {
    return Math.floor(this.next() * bound);
  }
}
