/**
 * Where an exchange that failed may be tried again: only where that is safe (RFC 9110 section 9.2.2), a bounded number of times,
 * and at the owner of its key.
 */
import { AppError } from '#shared/errors.ts';
import { timing } from '#shared/timing.ts';
import { isRepeatable } from './core/route.ts';
import type { RouteName } from './core/route.ts';
import type { Pin } from './directory/directory.ts';
import type { Traffic } from './limits/traffic.ts';
import type { Placement, PlacementReason, Placer } from './placement.ts';
import type { ForwardOutcome, Wire } from './wire/wire.ts';

export type Placed = Placement & { kind: 'placed' };
export type NotAnswered = ForwardOutcome & { kind: 'misdirected' | 'failed' };

/** One to the same edge, or after a refusal; then one to each next owner, for edges of one machine die together. */
export const retriesMax = 4;
/** Before the same edge is asked again: a backlog is emptied, a process comes back. */
const samePauseMs = 100;

/** What becomes of an attempt that the edge's breaker refuses. */
export const cutOff: Promise<ForwardOutcome> = Promise.resolve({
  kind: 'failed',
  code: 'edge-cut-off',
  cause: undefined,
  reached: 'nothing',
  bytes: { up: 0, down: 0 },
});

interface FailedAttempt {
  readonly wire: Wire;
  readonly route: RouteName;
  readonly client: string;
  readonly pin: Pin;
  readonly reason: PlacementReason;
  /** Before this one. */
  readonly retries: number;
  /** Waits while the key's session moves. */
  readonly passGate: () => Promise<void>;
}

interface Deciders {
  readonly placer: Placer;
  readonly traffic: Traffic;
}

/**
 * Where to try again, if that is safe: the edge refused the epoch, nothing reached it, or the request has no body and may be
 * repeated. That is the same edge, a moment later and within the budget, or the next owner once this one is proved over.
 */
export async function findNextAttempt(
  failed: FailedAttempt,
  outcome: NotAnswered,
  deciders: Deciders,
): Promise<Placed | undefined> {
  const { wire, pin, client } = failed;
  if (outcome.kind === 'misdirected') {
    if (wire.hasBody) return undefined;
    await failed.passGate();
    return requirePlacement(await deciders.placer.replaceAfterMove(pin, wire.signal, client));
  }
  if (!mayTryAgain(outcome, failed)) return undefined;
  const atOnce = failed.retries > 0 ? undefined : await findAtOnce(failed, outcome, deciders);
  return atOnce ?? (await findNextOwner(failed, timing.takeoverWaitMs, deciders));
}

export function requirePlacement(placement: Placement): Placed {
  if (placement.kind === 'no-edge') throw new AppError('no-edge');
  return placement;
}

/** The next owner if there is one after a moment, or the same edge; undefined where neither may be asked. */
async function findAtOnce(
  failed: FailedAttempt,
  outcome: NotAnswered & { kind: 'failed' },
  deciders: Deciders,
): Promise<Placed | undefined> {
  if (outcome.code === 'edge-cut-off') return undefined;
  const { wire, pin, reason } = failed;
  // Without its store nobody can tell of a next one, and the owner may be well.
  const next = await findNextOwner(failed, samePauseMs, deciders).catch(() => undefined);
  if (next !== undefined || wire.hasLeft) return next;
  return deciders.traffic.mayRepeat(pin) ? { kind: 'placed', pin, reason } : undefined;
}

async function findNextOwner(
  { wire, pin, client }: FailedAttempt,
  waitMs: number,
  { placer }: Deciders,
): Promise<Placed | undefined> {
  const placement = await placer.replaceAfterLoss(pin, { signal: wire.signal, waitMs }, client);
  return placement === undefined ? undefined : requirePlacement(placement);
}

/** Failures that have nothing to do with whether the owner is over. */
const finalCodes = new Set(
  'client-left request-timeout framing-ambiguous edge-busy upstream-untrusted'.split(' '),
);

/** Nothing of it reached the edge, or it may be repeated and the edge broke off before the answer began. */
function mayTryAgain(failure: ForwardOutcome & { kind: 'failed' }, { wire, route }: FailedAttempt): boolean {
  if (failure.reached === 'client' || finalCodes.has(failure.code)) return false;
  if (failure.reached === 'nothing') return true;
  return failure.code === 'upstream-broken' && !wire.hasBody && isRepeatable(route, wire.head.method);
}
