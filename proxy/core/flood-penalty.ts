/**
 * What an address pays whose connections are ended for floods: for a while it opens no new ones. The while is short at first, four
 * times as long with each round up to a bound, and after a calm time all is forgotten, for addresses change hands. Pure.
 */
export interface Penalty {
  /** Floods, each of which came after the penalty for the one before. */
  readonly rounds: number;
  readonly refusedMs: number;
  readonly refusedUntilMs: number;
  /** From then on the address is as one that never flooded. */
  readonly forgottenAtMs: number;
}

export const noPenalty: Penalty = { rounds: 0, refusedMs: 0, refusedUntilMs: 0, forgottenAtMs: 0 };

/** Long enough that a flood comes to nothing, short enough that a client with a fault, and who shares its address, hardly notices. */
const firstMs = 1_000;
/** A crowd of addresses floods four times each in the first minute, and once in each after that. */
const growth = 4;
/** Several times the longest penalty by default: who only waits for its end begins where it was. */
const calmMs = 300_000;

/**
 * After one flood more; undefined where it changes nothing: while a penalty runs, floods are of connections that were there before,
 * and one burst of many is one round.
 */
export function penaltyAfterFlood(before: Penalty, nowMs: number, maxMs: number): Penalty | undefined {
  if (nowMs < before.refusedUntilMs || maxMs <= 0) return undefined;
  const rounds = nowMs < before.forgottenAtMs ? before.rounds : 0;
  const refusedMs = Math.min(firstMs * growth ** rounds, maxMs);
  const refusedUntilMs = nowMs + refusedMs;
  return { rounds: rounds + 1, refusedMs, refusedUntilMs, forgottenAtMs: refusedUntilMs + calmMs };
}
