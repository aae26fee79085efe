/**
 * How many exchanges may be sent a second time to an edge that failed them: a share of all exchanges of the last seconds, and a few
 * in any case. When everything fails, retries would otherwise double the load of what is left. Time is passed in.
 */
export interface RetryPolicy {
  /** Of 100 exchanges so many may be repeated. */
  readonly percent: number;
  /** So many in any window. */
  readonly min: number;
}

const partMs = 1_000;
const parts = 10;

/** Ten parts of a second each, of which the oldest is used again. */
export class RetryBudget {
  readonly #exchanges = new Float64Array(parts);
  readonly #retries = new Float64Array(parts);
  #part = 0;
  #allExchanges = 0;
  #allRetries = 0;

  noteExchange(nowMs: number): void {
    this.#advance(nowMs);
    this.#exchanges[this.#part % parts]!++;
    this.#allExchanges++;
  }

  /** True where one more may be repeated, and it is counted. */
  take(nowMs: number, { percent, min }: RetryPolicy): boolean {
    this.#advance(nowMs);
    if (this.#allRetries + 1 > Math.max(min, (this.#allExchanges * percent) / 100)) return false;
    this.#retries[this.#part % parts]!++;
    this.#allRetries++;
    return true;
  }

  #advance(nowMs: number): void {
    const part = Math.floor(nowMs / partMs);
    if (part <= this.#part) return;
    for (let next = Math.max(this.#part + 1, part - parts + 1); next <= part; next++) {
      this.#allExchanges -= this.#exchanges[next % parts]!;
      this.#allRetries -= this.#retries[next % parts]!;
      this.#exchanges[next % parts] = 0;
      this.#retries[next % parts] = 0;
    }
    this.#part = part;
  }
}
