/**
 * What of a session outlives its edge: who belongs to it, clock, bans, who asks to join; and how another edge goes on
 * from there. The form is that of the snapshot of a move, without outboxes: so every member that comes back
 * has a gap, and never a hole.
 */
import { AppError } from '#shared/errors.ts';
import type { Epoch } from '#shared/ids.ts';
import { firstSequence, openOutbox } from './outbox.ts';
import { adoptSession } from './session-adopt.ts';
import type { Command } from './session-command.ts';
import { takeSnapshot } from './session-snapshot.ts';
import type { SessionSnapshot } from './session-snapshot.ts';
import { firstHostDueMs, lostStream } from './session-state.ts';
import type { JoinRequest, Member, MemberProfile, SessionLimits, SessionState } from './session-state.ts';

/** Whether a command can change the roster at all: what members say to each other cannot. */
export function mayChangeRoster({ kind }: Command): boolean {
  switch (kind) {
    case 'connect':
    case 'leave':
    case 'ask-to-join':
    case 'answer-join':
    case 'remove':
    case 'end':
    case 'tick':
      return true;
    case 'disconnect':
    case 'hold':
    case 'confirm':
    case 'request':
    case 'answer':
    case 'notification':
    case 'broadcast':
    case 'freeze':
      return false;
  }
}

/** Whether both would be stored alike; when somebody was here last, and which question waits, is not stored. */
export function hasSameRoster(one: SessionState, other: SessionState): boolean {
  return (
    one.hasEnded === other.hasEnded &&
    one.clock === other.clock &&
    hasSame(one.bans, other.bans) &&
    one.members.size === other.members.size &&
    [...other.members.values()].every(({ profile }) =>
      isSameProfile(one.members.get(profile.id)?.profile, profile),
    ) &&
    one.joins.size === other.joins.size &&
    [...other.joins.values()].every((join) => isSameJoin(one.joins.get(join.id), join))
  );
}

export function takeRoster(state: SessionState, nowMs: number): SessionSnapshot {
  const members = [...state.members].map(([id, { profile }]): [typeof id, Member] => [
    id,
    {
      profile,
      presence: { kind: 'away', sinceMs: nowMs },
      stream: lostStream,
      outbox: openOutbox(state.epoch, state.sequenceFloor),
    },
  ]);
  // How long the host was away is not known to another edge, which did not run at that time.
  const whole = { ...state, members: new Map(members), hostDueMs: undefined, requests: new Map() };
  return takeSnapshot(whole, nowMs);
}

interface Revival {
  readonly epoch: Epoch;
  readonly limits: SessionLimits;
  readonly nowMs: number;
}

/** Throws `snapshot-refused`. The session may have run under this very epoch before, on this edge. */
export function reviveSession(roster: SessionSnapshot, { epoch, limits, nowMs }: Revival): SessionState {
  if (roster.epoch > epoch) throw new AppError('snapshot-refused', { facts: { reason: 'epoch' } });
  const adopted = adoptSession({ ...roster, epoch: 0 }, epoch, limits, nowMs);
  const sequenceFloor = Math.max(roster.sequenceFloor, firstSequence(nowMs));
  const members = [...adopted.members].map(([id, member]): [typeof id, Member] => [
    id,
    { ...member, stream: lostStream, outbox: openOutbox(epoch, sequenceFloor) },
  ]);
  return {
    ...adopted,
    sequenceFloor,
    hostDueMs: firstHostDueMs(limits, nowMs),
    members: new Map(members),
    // The question was put to a client that has a gap now.
    joins: new Map([...adopted.joins].map(([id, join]) => [id, reopen(join)])),
  };
}

function reopen(join: JoinRequest): JoinRequest {
  return join.stage === 'asked' ? { ...join, stage: 'unasked' } : join;
}

function isSameProfile(one: MemberProfile | undefined, other: MemberProfile): boolean {
  if (one === other || one === undefined) return one === other;
  return one.publicKey === other.publicKey && one.compressions.join() === other.compressions.join();
}

function isSameJoin(one: JoinRequest | undefined, { stage }: JoinRequest): boolean {
  return one !== undefined && (one.stage === 'decided') === (stage === 'decided');
}

function hasSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one === other || (one.size === other.size && [...other].every((id) => one.has(id)));
}
