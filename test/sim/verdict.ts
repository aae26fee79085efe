/** What must never happen in a simulation: the promises by their numbers, and how a breach of one is told. */

/** Numbers as in the list of invariants of the session engine. */
export const invariants = {
  1: 'one edge commits in an epoch, epochs only grow, and no write with an older epoch lands',
  2: 'what is heard of a sender is in order, nothing twice, and without a declared gap nothing missing',
  3: 'who resumes gets exactly what comes after its offset',
  4: 'what is kept for a member is bounded',
  5: 'each request has exactly one answer',
  6: 'nobody hears anything before approval or after expulsion, or gets the key of another',
  7: 'a token is one member, and its identity and the roster outlive moves and crashes',
  8: 'moves and drains end, no newcomer is held for longer than it may be, and everybody gets back in',
  9: 'a session is the same before and after its snapshot',
  11: 'replicas of a document are equal, nothing in them is doubled, and what was acknowledged is kept',
} as const;

export type Invariant = keyof typeof invariants;

export class Breach extends Error {
  readonly invariant: Invariant;

  constructor(invariant: Invariant, what: string) {
    super(`invariant ${invariant} is broken (${invariants[invariant]}): ${what}`);
    this.invariant = invariant;
  }
}

/** Collects the first breach; what comes after it is only its consequence. */
export class Verdict {
  breach: Breach | undefined;

  fail(invariant: Invariant, what: string): void {
    this.breach ??= new Breach(invariant, what);
  }

  expect(holds: boolean, invariant: Invariant, what: string): void {
    if (!holds) this.fail(invariant, what);
  }
}
