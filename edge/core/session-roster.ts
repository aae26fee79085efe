/**
 * Who is in the session: arrival, absence, return, departure, and the end, which is the host's departure.
 * Whoever holds a token of the session was approved, so a token is also the way back into it.
 */
import type { EndReason, LeaveReason } from './session-command.ts';
import type { SessionDraft } from './session-draft.ts';
import { abandonJoins, askHost, reopenJoins } from './session-joins.ts';
import { dropRequestsOf } from './session-relay.ts';
import type { ConnectionId, Member, MemberId, MemberProfile } from './session-state.ts';

/** A guest who is away for longer leaves the session: clients give up 30 s after they lost the connection. */
export const guestGraceMs = 30_000;

interface Arrival {
  readonly connection: ConnectionId;
  readonly profile: MemberProfile;
  readonly clock: number;
}

export function connectMember(draft: SessionDraft, { connection, profile, clock }: Arrival): void {
  const known = draft.members.view.get(profile.id);
  if (known === undefined && draft.members.view.size >= draft.limits.membersMax) {
    draft.effects.push({ kind: 'turn-away', connection });
    return;
  }
  draft.clock = Math.max(draft.clock, clock);
  if (known?.presence.kind === 'connected') expelConnection(draft, known.presence.connection);
  draft.connections.set(connection, profile.id);
  const isSameClient = known?.profile.publicKey === profile.publicKey;
  draft.members.set(profile.id, { profile, presence: { kind: 'connected', connection } });
  if (isSameClient) sendWaiting(draft, known);
  else startAnew(draft, profile);
  if (profile.isHost) {
    draft.hostDueMs = undefined;
    askHost(draft);
  }
}

function sendWaiting(draft: SessionDraft, { profile, presence }: Member): void {
  if (presence.kind !== 'away') return;
  for (const message of presence.waiting) draft.deliver(profile.id, message);
}

/**
 * A client that was started anew has a new key: it can read nothing of what waits, and nobody can seal for it
 * yet. It knows nothing of what its predecessor asked and was asked, and counts its own requests from 1 again,
 * so an answer to an old one would pass for the answer to a new one.
 */
function startAnew(draft: SessionDraft, profile: MemberProfile): void {
  dropRequestsOf(draft, profile.id);
  if (profile.isHost) reopenJoins(draft);
  introduce(draft, profile);
}

/** Tells a newcomer who it is and the others who came; a host, who lets the others in, also hears who is there. */
function introduce(draft: SessionDraft, member: MemberProfile): void {
  draft.effects.push({ kind: 'member-joined', member });
  draft.deliver(member.id, { kind: 'identity', member });
  draft.deliverToOthers(member.id, { kind: 'member-joined', member });
  if (!member.isHost) return;
  for (const { profile } of draft.members.view.values()) {
    if (profile.id !== member.id) draft.deliver(member.id, { kind: 'member-joined', member: profile });
  }
}

/** The connection is gone, the member may come back. */
export function disconnectMember(draft: SessionDraft, connection: ConnectionId): void {
  const member = draft.memberOf(connection);
  if (member === undefined) return;
  draft.connections.delete(connection);
  const { profile } = member;
  const presence = { kind: 'away', sinceMs: draft.nowMs, waiting: [], waitingBytes: 0 } as const;
  draft.members.set(profile.id, { profile, presence });
  if (profile.isHost) draft.hostDueMs = draft.nowMs + draft.limits.hostGraceMs;
}

export function leaveSession(draft: SessionDraft, connection: ConnectionId): void {
  const member = draft.memberOf(connection);
  if (member === undefined) return;
  if (member.profile.isHost) endSession(draft, 'host-left');
  else removeMember(draft, member, 'left');
}

export function expireMembers(draft: SessionDraft): void {
  if (draft.hostDueMs !== undefined && draft.hostDueMs <= draft.nowMs) {
    endSession(draft, 'host-away-too-long');
    return;
  }
  for (const member of draft.members.view.values()) {
    const { profile, presence } = member;
    if (profile.isHost || presence.kind !== 'away') continue;
    if (presence.sinceMs + guestGraceMs <= draft.nowMs) removeMember(draft, member, 'away-too-long');
  }
}

/** Takes out the members for whom more waits than may; their going may fill up what waits for others. */
export function dropOverflowed(draft: SessionDraft): void {
  for (const id of draft.overflowed) {
    const member = draft.members.view.get(id);
    if (member === undefined) continue;
    if (member.profile.isHost) endSession(draft, 'host-waiting-overflow');
    else removeMember(draft, member, 'waiting-overflow');
  }
}

function removeMember(draft: SessionDraft, { profile, presence }: Member, reason: LeaveReason): void {
  draft.members.delete(profile.id);
  draft.effects.push({ kind: 'member-left', member: profile, reason });
  draft.deliverToOthers(profile.id, { kind: 'member-left', member: profile });
  dropRequestsOf(draft, profile.id);
  if (presence.kind === 'connected') expelConnection(draft, presence.connection);
}

function endSession(draft: SessionDraft, reason: EndReason): void {
  const host: MemberId | undefined = draft.host?.profile.id;
  for (const { profile, presence } of draft.members.view.values()) {
    if (presence.kind !== 'connected') continue;
    if (profile.id !== host) draft.deliver(profile.id, { kind: 'session-closed', host });
    expelConnection(draft, presence.connection);
  }
  abandonJoins(draft);
  draft.members.clear();
  draft.requests.clear();
  draft.hasEnded = true;
  draft.effects.push({ kind: 'ended', reason });
}

function expelConnection(draft: SessionDraft, connection: ConnectionId): void {
  draft.connections.delete(connection);
  draft.effects.push({ kind: 'expel', connection });
}
