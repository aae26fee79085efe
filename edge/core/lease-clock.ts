/**
 * The edge's own view of its lease, on its own monotonic clock: a renewal counts from the moment its
 * report was *sent*, so that the edge always stops before the directory lets others take its pins.
 * With several front doors the latest renewal counts, for all of them renew the same lease.
 */
export class LeaseClock {
  readonly #durationMs: number;
  #validUntilMs = -Infinity;

  /** `durationMs` is `timing.selfFenceMs`. */
  constructor(durationMs: number) {
    this.#durationMs = durationMs;
  }

  renew(sentAtMs: number): void {
    this.#validUntilMs = Math.max(this.#validUntilMs, sentAtMs + this.#durationMs);
  }

  /**
   * At `atMs` there was no front door that could have judged, or given the pins away: a lease that still runs counts
   * from then. The directory does the same when the next front door begins.
   */
  extend(atMs: number, nowMs: number): void {
    if (this.isValid(nowMs)) this.renew(atMs);
  }

  /** The incarnation is over: nothing may be served until a new one has a lease. */
  end(): void {
    this.#validUntilMs = -Infinity;
  }

  isValid(nowMs: number): boolean {
    return nowMs < this.#validUntilMs;
  }

  /** Milliseconds until the lease lapses; 0 or less when it has. */
  leftMs(nowMs: number): number {
    return this.#validUntilMs - nowMs;
  }
}
