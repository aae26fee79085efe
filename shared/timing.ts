/**
 * Every constant that says how fast members notice each other, with the relations between them. The
 * relations are asserted when a process starts and in `timing.test.ts`, so that nobody tunes one number
 * into a split brain. All values are milliseconds.
 */
export const timing = {
  /** An edge pushes a report this often; the report is also what renews its lease. */
  reportIntervalMs: 1_000,
  /** Without a report for so long an edge gets no new keys. */
  suspectAfterMs: 2_000,
  /** An edge stops itself so long after it *sent* the last renewal that succeeded (its own monotonic clock). */
  selfFenceMs: 2_500,
  /** The directory lets others take an edge's pins so long after a renewal (the directory's clock). */
  leaseMs: 3_000,
  /** A front door that could not renew a lease in so long promises the edge not to move its pins. */
  renewPatienceMs: 700,
  /** A front door shows the directory so often that it is there to take renewals. */
  attendIntervalMs: 500,
  /** When no front door was there for so long, the time in between counts against no lease. */
  unattendedAfterMs: 1_500,
  /** Pause between two attempts to prove that a silent edge's process is gone. */
  deathProbeIntervalMs: 50,
  /** Longest wait of an exchange for the proof that its edge is gone, before it is told to come back. */
  takeoverWaitMs: 5_000,
  /** A session is carried from edge to edge within this, or goes back: 1 s for pongs, 2 s for closes, and the way. */
  moveMaxMs: 5_000,
  /** A newcomer waits so long for a session that moves, before it is told to come back. */
  gateMaxMs: 6_000,
  /** Real clients give up so long after a disconnect (open-collaboration-protocol, socket-io-transport). */
  clientPatienceMs: 30_000,
  /** A pin outlives the last connection of its session by this. */
  pinLingerMs: 15 * 60_000,
  /** How often released pins are looked for. */
  pinSweepIntervalMs: 30_000,
} as const;

/** Throws when the constants contradict each other; called once at start. */
export function assertTimingRelations(t: { readonly [K in keyof typeof timing]: number } = timing): void {
  const rising = [
    ['reportIntervalMs', t.reportIntervalMs],
    ['suspectAfterMs', t.suspectAfterMs],
    ['selfFenceMs', t.selfFenceMs],
    ['leaseMs', t.leaseMs],
    ['takeoverWaitMs', t.takeoverWaitMs],
    ['clientPatienceMs', t.clientPatienceMs],
    ['pinLingerMs', t.pinLingerMs],
  ] as const;
  for (let i = 1; i < rising.length; i++) {
    const [name, value] = rising[i]!;
    const [before, floor] = rising[i - 1]!;
    if (!(value > floor))
      throw new RangeError(`${name} (${value}) must be greater than ${before} (${floor})`);
  }
  if (t.leaseMs - t.selfFenceMs < 250) {
    throw new RangeError('leaseMs must leave an edge 250 ms after selfFenceMs to close its sockets');
  }
  if (t.renewPatienceMs + 1.5 * t.reportIntervalMs > t.selfFenceMs) {
    throw new RangeError('a promise must reach an edge before it stops itself, also when one report is late');
  }
  if (t.unattendedAfterMs < 2 * t.attendIntervalMs || t.unattendedAfterMs > t.selfFenceMs) {
    throw new RangeError(
      'a busy front door is not an absent one, and an absent one must not cost an edge its lease',
    );
  }
  if (t.gateMaxMs <= t.moveMaxMs || t.gateMaxMs > t.clientPatienceMs / 2) {
    throw new RangeError('a newcomer must outwait a move, and have half of the time that clients wait');
  }
  if (t.leaseMs + t.takeoverWaitMs > t.clientPatienceMs / 2) {
    throw new RangeError('a takeover must end in half of the time that clients wait');
  }
}
