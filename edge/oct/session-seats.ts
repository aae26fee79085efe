/** Seats that a session takes of a licence: its host, its guests, and those who are about to be. */
import type { SessionState } from '../core/session-state.ts';

/** A guest who was let in connects within this, or gives its seat back. */
const arrivalMaxMs = 30_000;

/** Guests who were let in and have not been seen in the session yet. */
export class ExpectedGuests {
  readonly #nowMs: () => number;
  #guests: { readonly user: string; readonly dueMs: number }[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  expect(user: string): void {
    const now = this.#nowMs();
    // Without a licence nobody counts them. The first to come was the first to be expected.
    while (this.#guests[0] !== undefined && this.#guests[0].dueMs <= now) this.#guests.shift();
    this.#guests.push({ user, dueMs: now + arrivalMaxMs });
  }

  has(user: string): boolean {
    return this.#guests.some((guest) => guest.user === user && guest.dueMs > this.#nowMs());
  }

  /** Those who are still to come. */
  count({ members }: Pick<SessionState, 'members'>): number {
    if (this.#guests.length === 0) return 0;
    const here = new Set([...members.values()].map(({ profile }) => profile.user.id));
    const now = this.#nowMs();
    this.#guests = this.#guests.filter(({ user, dueMs }) => dueMs > now && !here.has(user));
    return this.#guests.length;
  }
}

/** The host has its seat also before it is there: without it there is no session. */
export function countSeats(state: SessionState, expected: ExpectedGuests): number {
  let guests = 0;
  for (const { profile } of state.members.values()) if (!profile.isHost) guests++;
  let asking = 0;
  for (const { stage } of state.joins.values()) if (stage !== 'decided') asking++;
  return 1 + guests + asking + expected.count(state);
}
