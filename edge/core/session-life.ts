/**
 * When a session ends by itself: nobody comes, everybody has left, nobody says anything. Sees times and counts
 * alone; content is encrypted, so what a client says by itself counts as said.
 */

export type EndReason =
  | 'host-left'
  | 'host-away-too-long'
  | 'no-guests'
  | 'guests-left'
  | 'idle'
  | 'ended-by-administrator'
  | 'client-refused';

/** `Infinity` switches a rule off. */
export interface LifeRules {
  /** A session that no guest has joined ends after this. */
  readonly noGuestsMs: number;
  /** A session that its guests have left ends after this. */
  readonly guestsLeftMs: number;
  /** A session in which nothing is said ends after this. */
  readonly idleMs: number;
}

export interface SessionLife {
  /** Undefined while there are guests. */
  readonly withoutGuests: { readonly sinceMs: number; readonly hadGuests: boolean } | undefined;
  readonly lastSaidMs: number;
}

export const endlessLife: LifeRules = { noGuestsMs: Infinity, guestsLeftMs: Infinity, idleMs: Infinity };

export function beginLife(nowMs: number): SessionLife {
  return { withoutGuests: { sinceMs: nowMs, hadGuests: false }, lastSaidMs: nowMs };
}

/** The roster may have changed. */
export function noteGuests(life: SessionLife, guests: number, nowMs: number): SessionLife {
  if (guests > 0) return life.withoutGuests === undefined ? life : { ...life, withoutGuests: undefined };
  return life.withoutGuests === undefined
    ? { ...life, withoutGuests: { sinceMs: nowMs, hadGuests: true } }
    : life;
}

/** Why the session is over; undefined while it goes on. */
export function judgeLife(life: SessionLife, rules: LifeRules, nowMs: number): EndReason | undefined {
  const { withoutGuests, lastSaidMs } = life;
  if (withoutGuests !== undefined) {
    const { sinceMs, hadGuests } = withoutGuests;
    if (sinceMs + (hadGuests ? rules.guestsLeftMs : rules.noGuestsMs) <= nowMs)
      return hadGuests ? 'guests-left' : 'no-guests';
  }
  return lastSaidMs + rules.idleMs <= nowMs ? 'idle' : undefined;
}
