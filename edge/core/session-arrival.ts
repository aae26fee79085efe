/**
 * Who comes into the session: newcomers, clients that resume exactly where their connection broke off, and
 * clients that have a gap and begin anew as the same member. A live stream never has a hole.
 * Whoever holds a token of the session was approved, so a token is also the way back into it.
 */
import type { ErrorCode } from '#shared/errors.ts';
import { confirm, dropExpired, formatOffset, missedSince, openOutbox, restartOutbox } from './outbox.ts';
import type { GapCode, Missed } from './outbox.ts';
import type { ConnectCommand, ResumePoint } from './session-command.ts';
import type { SessionDraft } from './session-draft.ts';
import { askHost, reopenJoins } from './session-joins.ts';
import { dropRequestsOf, failRequestsOf } from './session-relay.ts';
import { noteGuests } from './session-life.ts';
import { expelConnection, isBanned } from './session-roster.ts';
import { lostStream } from './session-state.ts';
import type { ConnectionId, Member, MemberProfile, Outgoing, SessionState } from './session-state.ts';

/** Whether a client could resume at this point now, whoever it is. */
export function canResume(state: SessionState, { stream, offset }: ResumePoint): boolean {
  if (stream === lostStream) return false;
  for (const member of state.members.values()) {
    if (member.stream === stream) return missedSince(member.outbox, offset).kind === 'exact';
  }
  return false;
}

export function connectMember(draft: SessionDraft, command: ConnectCommand): void {
  const { connection, profile, clock, stream, resumes } = command;
  const known = draft.members.view.get(profile.id);
  // A client that was started anew has a new key, or names no stream.
  const isSameClient = resumes !== undefined && known?.profile.publicKey === profile.publicKey;
  const missed = known !== undefined && isSameClient ? findMissed(known, resumes) : undefined;
  if (isBanned(draft.bans, profile.id, profile.user.id)) {
    draft.effects.push({ kind: 'expel', connection });
    return;
  }
  const refusal = judgeArrival(draft, command, missed);
  if (refusal !== undefined) {
    draft.effects.push({ kind: 'turn-away', connection, code: refusal });
    return;
  }
  draft.clock = Math.max(draft.clock, clock);
  if (known?.presence.kind === 'connected') expelConnection(draft, known.presence.connection);
  draft.connections.set(connection, profile.id);
  const presence = { kind: 'connected', connection } as const;
  const outbox =
    known === undefined
      ? openOutbox<Outgoing>(draft.epoch, draft.sequenceFloor)
      : restartOutbox(known.outbox);
  draft.members.set(profile.id, { profile, presence, stream, outbox });
  draft.life = noteGuests(draft.life, draft.guestCount, draft.nowMs);
  if (missed === undefined) startAnew(draft, profile);
  else if (missed.kind === 'gap') declareGap(draft, profile, missed.code);
  else replay(draft, known!, missed);
  if (profile.isHost) {
    draft.hostDueMs = undefined;
    askHost(draft);
  }
}

/** Why the client has to try again; undefined where it comes in. */
function judgeArrival(
  draft: SessionDraft,
  { profile, stream, resumes }: ConnectCommand,
  missed: Missed<Outgoing> | undefined,
): ErrorCode | undefined {
  if (draft.isFrozen) return 'edge-leaving';
  // It was told that its stream goes on, which was true then: at its next try it is told of the gap.
  if (stream === resumes?.stream && missed?.kind !== 'exact')
    return missed === undefined ? 'offset-unknown' : missed.code;
  const isFull = draft.members.view.size >= draft.limits.membersMax;
  return isFull && !draft.members.view.has(profile.id) ? 'session-full' : undefined;
}

function findMissed({ stream, outbox }: Member, resumes: ResumePoint): Missed<Outgoing> {
  if (stream !== resumes.stream || stream === lostStream) return { kind: 'gap', code: 'offset-unknown' };
  return missedSince(outbox, resumes.offset);
}

/** Sends again, under their old offsets, what may have been lost with the connection; its offset confirms the rest. */
function replay(
  draft: SessionDraft,
  { profile: { id }, outbox }: Member,
  { sequence, entries }: Missed<Outgoing> & { kind: 'exact' },
): void {
  const member = draft.members.view.get(id)!;
  if (member.presence.kind !== 'connected') return;
  draft.members.set(id, { ...member, outbox: confirm(outbox, sequence) });
  draft.effects.push({ kind: 'member-resumed', member: member.profile });
  const { connection } = member.presence;
  for (const { sequence, message } of entries) {
    const offset = formatOffset(outbox.epoch, sequence);
    draft.effects.push({ kind: 'send', connection, to: id, offset, sequence, message });
  }
}

/**
 * The same client has missed something that nobody has any more: it gets nothing of what is left, but is greeted
 * like a newcomer, so that it asks for the state of the others. Answers that it missed time out on its side.
 */
function declareGap(draft: SessionDraft, member: MemberProfile, code: GapCode): void {
  draft.effects.push({ kind: 'member-gapped', member, code });
  failRequestsOf(draft, member.id);
  if (member.isHost) reopenJoins(draft);
  introduce(draft, member);
}

/**
 * A client that was started anew can read nothing of what waits, and nobody can seal for it
 * yet. It knows nothing of what its predecessor asked and was asked, and counts its own requests from 1 again,
 * so an answer to an old one would pass for the answer to a new one.
 */
function startAnew(draft: SessionDraft, member: MemberProfile): void {
  dropRequestsOf(draft, member.id);
  if (member.isHost) reopenJoins(draft);
  draft.effects.push({ kind: 'member-joined', member });
  introduce(draft, member);
}

/** Tells a newcomer who it is and the others who came; a host, who lets the others in, also hears who is there. */
function introduce(draft: SessionDraft, member: MemberProfile): void {
  draft.deliver(member.id, { kind: 'identity', member });
  draft.deliverToOthers(member.id, { kind: 'member-joined', member });
  if (!member.isHost) return;
  for (const { profile } of draft.members.view.values()) {
    if (profile.id !== member.id) draft.deliver(member.id, { kind: 'member-joined', member: profile });
  }
}

export function confirmOutbox(draft: SessionDraft, connection: ConnectionId, sequence: number): void {
  const member = draft.memberOf(connection);
  if (member === undefined) return;
  const outbox = confirm(member.outbox, sequence);
  if (outbox !== member.outbox) draft.members.set(member.profile.id, { ...member, outbox });
}

export function expireOutboxes(draft: SessionDraft): void {
  for (const member of draft.members.view.values()) {
    const outbox = dropExpired(member.outbox, draft.nowMs);
    if (outbox !== member.outbox) draft.members.set(member.profile.id, { ...member, outbox });
  }
}
