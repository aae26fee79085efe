/**
 * How long and how slowly a client may send its body. A pause may last for the grace; besides, each byte earns time and each
 * moment in which it owes bytes costs some, never more than the grace in hand, so that a burst pays for no endless trickle. Pure.
 */
import type { ErrorCode } from '#shared/errors.ts';

export class BodyPace {
  readonly #graceMs: number;
  readonly #msPerByte: number;
  #leftMs: number;
  #paidBytes = -1;
  #owesSinceMs: number | undefined;
  #isSlow = false;

  /** Any pace will do with 0 bytes a second. */
  constructor(minBytesPerSecond: number, graceMs: number) {
    this.#graceMs = graceMs;
    this.#msPerByte = minBytesPerSecond === 0 ? Infinity : 1_000 / minBytesPerSecond;
    this.#leftMs = graceMs;
  }

  /** What the client is told when its time is over. */
  get code(): ErrorCode {
    return this.#isSlow ? 'body-too-slow' : 'request-timeout';
  }

  /**
   * The client owes bytes, and has sent so many of its body. Returns how long it may go on owing them from now; undefined
   * where that is as it was: framing without payload puts nothing off.
   */
  owe(nowMs: number, bytes: number): number | undefined {
    if (this.#owesSinceMs !== undefined && bytes === this.#paidBytes) return undefined;
    this.rest(nowMs);
    this.#owesSinceMs = nowMs;
    const sent = bytes - Math.max(0, this.#paidBytes);
    this.#paidBytes = bytes;
    if (this.#msPerByte === Infinity) return this.#graceMs;
    this.#leftMs = Math.min(this.#graceMs, this.#leftMs + sent * this.#msPerByte);
    this.#isSlow = this.#leftMs < this.#graceMs;
    return Math.max(0, this.#leftMs);
  }

  /** Nobody takes bytes: the client owes none until `owe` is called. */
  rest(nowMs: number): void {
    if (this.#owesSinceMs !== undefined) this.#leftMs -= nowMs - this.#owesSinceMs;
    this.#owesSinceMs = undefined;
  }
}
