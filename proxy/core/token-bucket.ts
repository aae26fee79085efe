/**
 * A rate with a burst, as one number: when the bucket would be full again (the generic cell rate algorithm). Pure; what
 * belongs to one client is that number alone.
 */
export interface Rate {
  /** Time that one event costs. */
  readonly costMs: number;
  /** Events at once, from a full bucket. */
  readonly burst: number;
}

/** Of a bucket from which nothing was taken. */
export const fullSince = 0;

/** Lets each event wait for its turn, in place of refusing it: when the bucket will be full again, and how long the event waits. */
export function bookTurn(
  fullAtMs: number,
  nowMs: number,
  { costMs, burst }: Rate,
): { readonly fullAtMs: number; readonly waitMs: number } {
  const next = Math.max(fullAtMs, nowMs) + costMs;
  return { fullAtMs: next, waitMs: Math.max(0, next - nowMs - costMs * burst) };
}

/** When the bucket will be full again after one event more; undefined where there is no room for it. */
export function takeToken(fullAtMs: number, nowMs: number, { costMs, burst }: Rate): number | undefined {
  const next = Math.max(fullAtMs, nowMs) + costMs;
  // A hair for what the floating point loses.
  return next - nowMs > costMs * burst + 1e-6 ? undefined : next;
}
