/**
 * What may be spent per second, with a store for bursts. Spending is never refused here: beyond the store it is owed, and
 * the time until it is paid back says for how long nothing more should be taken.
 */
export interface BucketRate {
  readonly perSecond: number;
  /** What a bucket that was left alone holds. */
  readonly burst: number;
}

export class TokenBucket {
  readonly #rate: BucketRate;
  /** Below zero it is owed. */
  #level: number;
  #atMs: number;

  constructor(rate: BucketRate, nowMs: number) {
    this.#rate = rate;
    this.#level = rate.burst;
    this.#atMs = nowMs;
  }

  spend(amount: number, nowMs: number): void {
    const { perSecond, burst } = this.#rate;
    const gainedMs = Math.max(0, nowMs - this.#atMs);
    this.#level = Math.min(burst, this.#level + (gainedMs * perSecond) / 1_000) - amount;
    this.#atMs = Math.max(this.#atMs, nowMs);
  }

  /** Time from the last spending until nothing is owed; 0 where nothing is. */
  get owedMs(): number {
    return Math.max(0, (-this.#level / this.#rate.perSecond) * 1_000);
  }
}
