/**
 * What this front door sees of one incarnation of an edge by the exchanges that it sends there: a breaker, how often it fails, how
 * long it takes. Steers new keys and spares clients time-outs; no pin moves by it. Time is passed in.
 */
import { askBreaker, closedBreaker, tellBreaker } from './breaker.ts';
import type { Admission, BreakerPolicy, BreakerState } from './breaker.ts';

/** Weight of the last exchange in the means. */
const share = 1 / 16;
/** What is not confirmed by exchanges is forgotten: an edge that gets no new keys must get some again. */
const forgetMs = 30_000;
/** An answer that takes longer is a poll that waits, and says nothing about the edge. */
const latencyMaxMs = 5_000;
/** Up to this a first byte costs nothing; beyond, a second more counts as one load more. */
const latencyFreeMs = 100;
const failureStrain = 8;
const latencyStrainMax = 4;

export interface ExchangeEnd {
  readonly admission: Admission;
  readonly result: 'success' | 'failure' | 'neutral';
  readonly startedAtMs: number;
  /** From the request to the first byte of the answer. */
  readonly latencyMs: number | undefined;
}

export class EdgeWatch {
  #breaker: BreakerState = closedBreaker;
  #failures = 0;
  #latencyMs = 0;
  #notedAtMs = 0;
  #openedAtMs = -Infinity;

  /** An exchange would begin. */
  ask(nowMs: number): Admission {
    const { state, admission } = askBreaker(this.#breaker, nowMs);
    this.#breaker = state;
    return admission;
  }

  /** An exchange is over; tells whether the breaker has opened or closed by it. */
  tell(end: ExchangeEnd, nowMs: number, policy: BreakerPolicy): 'opened' | 'closed' | undefined {
    const before = this.#breaker.kind;
    // What began before it opened says nothing of the edge as it has been since.
    const isOld = end.admission === 'usual' && end.startedAtMs < this.#openedAtMs;
    if (!isOld) this.#breaker = tellBreaker(this.#breaker, end, { nowMs, policy });
    if (end.result !== 'neutral') this.#observe(end, nowMs);
    const after = this.#breaker.kind;
    if (before === after) return undefined;
    if (after === 'open') this.#openedAtMs = nowMs;
    return after === 'open' ? 'opened' : after === 'closed' ? 'closed' : undefined;
  }

  /** Whoever asked now would be refused, and does not ask. */
  refuses(nowMs: number): boolean {
    return this.#breaker.kind === 'open' && nowMs < this.#breaker.untilMs;
  }

  get breaker(): BreakerState['kind'] {
    return this.#breaker.kind;
  }

  /** Share of exchanges that failed, 0 to 1. */
  failures(nowMs: number): number {
    return this.#failures * this.#trust(nowMs);
  }

  latencyMs(nowMs: number): number {
    return this.#latencyMs * this.#trust(nowMs);
  }

  /** By how much its load counts as more than it is; 1 where nothing is wrong. */
  strain(nowMs: number): number {
    const late = Math.max(0, this.latencyMs(nowMs) - latencyFreeMs) / 1_000;
    return (1 + failureStrain * this.failures(nowMs)) * (1 + Math.min(latencyStrainMax, late));
  }

  #observe({ result, latencyMs }: ExchangeEnd, nowMs: number): void {
    const failed = result === 'failure' ? 1 : 0;
    const failures = this.failures(nowMs);
    const latency = this.latencyMs(nowMs);
    this.#failures = failures + (failed - failures) * share;
    const isTelling = latencyMs !== undefined && latencyMs <= latencyMaxMs;
    this.#latencyMs = isTelling ? latency + (latencyMs - latency) * share : latency;
    this.#notedAtMs = nowMs;
  }

  #trust(nowMs: number): number {
    return Math.exp(-Math.max(0, nowMs - this.#notedAtMs) / forgetMs);
  }
}
