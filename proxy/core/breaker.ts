/**
 * The circuit breaker of one edge, as a pure state machine. Open, it keeps this front door from asking an edge that fails, so that
 * clients need not wait for its time-outs; it says nothing about whose a key is, and moves none.
 */
/**
 * | state     | event                        | next                                            |
 * | closed    | success                      | closed, failures count from zero                |
 * | closed    | failure                      | closed; the last of a row: open, for the pause  |
 * | open      | asked, pause not over        | open, refused                                   |
 * | open      | asked, pause over            | half-open, the asker is the probe               |
 * | half-open | asked while a probe is fresh | half-open, refused                              |
 * | half-open | asked otherwise              | half-open, the asker is the probe               |
 * | half-open | success of the probe         | half-open; the last that is needed: closed      |
 * | half-open | failure of the probe         | open, for twice the pause, up to a bound        |
 *
 * What began before the breaker opened, and ends later, changes nothing.
 */
export type BreakerState =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly untilMs: number; readonly pauseMs: number }
  | {
      readonly kind: 'half-open';
      readonly pauseMs: number;
      readonly successes: number;
      /** When the probe under way began; undefined where none is. */
      readonly probedAtMs: number | undefined;
    };

export interface BreakerPolicy {
  /** Failures in a row that open it; 0: it never opens. */
  readonly failuresMax: number;
}

/** What an exchange was to the breaker when it began. */
export type Admission = 'usual' | 'probe' | 'refused';

export const closedBreaker: BreakerState = { kind: 'closed', failures: 0 };
export const firstPauseMs = 1_000;
export const longestPauseMs = 15_000;
/** Of probes, so that one lucky answer does not let everybody in. */
export const successesNeeded = 2;
/** A probe that waits longer, as a long poll does, keeps nobody else from trying. */
export const probeMaxMs = 2_000;

/** An exchange would begin. */
export function askBreaker(
  state: BreakerState,
  nowMs: number,
): { readonly state: BreakerState; readonly admission: Admission } {
  switch (state.kind) {
    case 'closed':
      return { state, admission: 'usual' };
    case 'open': {
      if (nowMs < state.untilMs) return { state, admission: 'refused' };
      const { pauseMs } = state;
      return { state: { kind: 'half-open', pauseMs, successes: 0, probedAtMs: nowMs }, admission: 'probe' };
    }
    case 'half-open': {
      const isFresh = state.probedAtMs !== undefined && nowMs - state.probedAtMs < probeMaxMs;
      if (isFresh) return { state, admission: 'refused' };
      return { state: { ...state, probedAtMs: nowMs }, admission: 'probe' };
    }
  }
}

/** An exchange that was admitted is over; `neutral` where the client broke it off. */
export function tellBreaker(
  state: BreakerState,
  ended: { readonly admission: Admission; readonly result: 'success' | 'failure' | 'neutral' },
  { nowMs, policy }: { readonly nowMs: number; readonly policy: BreakerPolicy },
): BreakerState {
  const { admission, result } = ended;
  if (state.kind === 'closed')
    return admission === 'usual' ? tellClosed(state, result, { nowMs, policy }) : state;
  if (state.kind === 'open' || admission !== 'probe') return state;
  switch (result) {
    case 'neutral':
      return { ...state, probedAtMs: undefined };
    case 'failure':
      return open(nowMs, Math.min(state.pauseMs * 2, longestPauseMs));
    case 'success': {
      const successes = state.successes + 1;
      if (successes >= successesNeeded) return closedBreaker;
      return { ...state, successes, probedAtMs: undefined };
    }
  }
}

function tellClosed(
  state: BreakerState & { kind: 'closed' },
  result: 'success' | 'failure' | 'neutral',
  { nowMs, policy }: { readonly nowMs: number; readonly policy: BreakerPolicy },
): BreakerState {
  if (result === 'neutral') return state;
  if (result === 'success') return state.failures === 0 ? state : closedBreaker;
  const failures = state.failures + 1;
  if (policy.failuresMax === 0 || failures < policy.failuresMax) return { kind: 'closed', failures };
  return open(nowMs, firstPauseMs);
}

function open(nowMs: number, pauseMs: number): BreakerState {
  return { kind: 'open', untilMs: nowMs + pauseMs, pauseMs };
}
