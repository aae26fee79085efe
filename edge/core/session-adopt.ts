/**
 * Goes on with a session from its snapshot, under a higher epoch: every member is away and finds, when it comes
 * back with an offset of either epoch, exactly what it missed. Deadlines go on with what was left of them.
 */
import { AppError } from '#shared/errors.ts';
import type { Epoch } from '#shared/ids.ts';
import { adoptOutbox } from './outbox.ts';
import type { OutboxEntry } from './outbox.ts';
import type { SessionLife } from './session-life.ts';
import type { MessageSnapshot, SessionSnapshot } from './session-snapshot.ts';
import type {
  JoinId,
  JoinRequest,
  Member,
  MemberId,
  MemberProfile,
  Outgoing,
  PendingRequest,
  RelayId,
  SessionLimits,
  SessionState,
  StreamId,
} from './session-state.ts';

type MemberSnapshot = SessionSnapshot['members'][number];
type Contents = SessionSnapshot['contents'];

/** Throws `snapshot-refused` where the snapshot contradicts itself or is not older than the epoch. */
export function adoptSession(
  snapshot: SessionSnapshot,
  epoch: Epoch,
  limits: SessionLimits,
  nowMs: number,
): SessionState {
  if (snapshot.epoch >= epoch) throw new AppError('snapshot-refused', { facts: { reason: 'epoch' } });
  const members = snapshot.members.map((member) => toMember(member, snapshot.contents, { epoch, nowMs }));
  return {
    limits,
    birth: snapshot.birth,
    clock: snapshot.clock,
    epoch,
    sequenceFloor: snapshot.sequenceFloor,
    hasEnded: false,
    isFrozen: false,
    hostDueMs: nowMs + snapshot.hostLeftMs,
    life: toLife(snapshot.life, nowMs),
    bans: new Set(snapshot.bans),
    members: new Map(members.map((member) => [member.profile.id, member])),
    connections: new Map(),
    requests: new Map(snapshot.requests.map((request) => toRequest(request, nowMs))),
    joins: new Map(snapshot.joins.map((join) => toJoin(join, nowMs))),
  };
}

function toLife({ withoutGuests, quietMs }: SessionSnapshot['life'], nowMs: number): SessionLife {
  const { forMs, hadGuests } = withoutGuests ?? {};
  const isWithout = forMs !== undefined && hadGuests !== undefined;
  return {
    withoutGuests: isWithout ? { sinceMs: nowMs - forMs, hadGuests } : undefined,
    lastSaidMs: nowMs - quietMs,
  };
}

function toProfile({ id, ...profile }: MemberSnapshot['profile']): MemberProfile {
  return { ...profile, id: id as MemberId };
}

function toMember(
  { profile, awayMs, stream, outbox }: MemberSnapshot,
  contents: Contents,
  { epoch, nowMs }: { readonly epoch: Epoch; readonly nowMs: number },
): Member {
  const { sinceEpoch, start, base, last, overrun } = outbox;
  const entries = outbox.entries.map(({ sequence, ageMs, bytes, message }): OutboxEntry<Outgoing> => ({
    sequence,
    atMs: nowMs - ageMs,
    bytes,
    message: toMessage(message, contents),
  }));
  const isWhole = entries.every(({ sequence }, i) => sequence === base + 1 + i);
  if (!isWhole || base + entries.length !== last)
    throw new AppError('snapshot-refused', { facts: { reason: 'outbox with a hole' } });
  return {
    profile: toProfile(profile),
    presence: { kind: 'away', sinceMs: nowMs - awayMs },
    stream: stream as StreamId,
    outbox: adoptOutbox({ sinceEpoch: sinceEpoch as Epoch, start, base, last, overrun }, entries, epoch),
  };
}

function toMessage(message: MessageSnapshot, contents: Contents): Outgoing {
  if (!('content' in message)) return message as Outgoing;
  const { content, ...rest } = message;
  const sealed = contents[content];
  if (sealed === undefined)
    throw new AppError('snapshot-refused', { facts: { reason: 'content is missing' } });
  return { ...rest, sealed } as Outgoing;
}

function toRequest(
  { relayId, origin, id, target, leftMs }: SessionSnapshot['requests'][number],
  nowMs: number,
): [RelayId, PendingRequest] {
  return [
    relayId as RelayId,
    { origin: origin as MemberId, id, target: target as MemberId, dueMs: nowMs + leftMs },
  ];
}

function toJoin(
  { id, relayId, user, stage, grant, leftMs }: SessionSnapshot['joins'][number],
  nowMs: number,
): [JoinId, JoinRequest] {
  const join = { id: id as JoinId, relayId: relayId as RelayId, user, stage, dueMs: nowMs + leftMs };
  return [join.id, grant === undefined ? join : { ...join, grant }];
}
