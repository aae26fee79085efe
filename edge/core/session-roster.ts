/** Who leaves the session, for a while or for good, and its end, which is the host's departure. */
import type { LeaveCommand, LeaveReason, RemoveCommand } from './session-command.ts';
import type { SessionDraft } from './session-draft.ts';
import { abandonJoins } from './session-joins.ts';
import { judgeLife, noteGuests } from './session-life.ts';
import type { EndReason, LifeRules } from './session-life.ts';
import { dropRequestsOf } from './session-relay.ts';
import type { ConnectionId, Member, MemberId } from './session-state.ts';

/** A guest who is away for longer leaves the session: clients give up 30 s after they lost the connection. */
export const guestGraceMs = 30_000;
/** Bans of one session; the oldest go first. */
const bansMax = 1_024;

/** The connection is gone, the member may come back. */
export function disconnectMember(draft: SessionDraft, connection: ConnectionId): void {
  const member = draft.memberOf(connection);
  if (member === undefined) return;
  draft.connections.delete(connection);
  const { profile } = member;
  draft.members.set(profile.id, { ...member, presence: { kind: 'away', sinceMs: draft.nowMs } });
  if (profile.isHost) draft.hostDueMs = draft.nowMs + draft.limits.hostGraceMs;
}

export function holdMember(draft: SessionDraft, connection: ConnectionId): void {
  const member = draft.memberOf(connection);
  if (member === undefined) return;
  const presence = { kind: 'connected', connection, isHeld: true } as const;
  draft.members.set(member.profile.id, { ...member, presence });
}

export function leaveSession(draft: SessionDraft, command: LeaveCommand): void {
  const member = draft.speakerOf(command);
  if (member === undefined) return;
  if (member.profile.isHost) endSession(draft, 'host-left');
  else removeMember(draft, member, 'left');
}

export function expireMembers(draft: SessionDraft, life: LifeRules): void {
  if (draft.hostDueMs !== undefined && draft.hostDueMs <= draft.nowMs) {
    endSession(draft, 'host-away-too-long');
    return;
  }
  for (const member of draft.members.view.values()) {
    const { profile, presence } = member;
    if (profile.isHost || presence.kind !== 'away') continue;
    if (presence.sinceMs + guestGraceMs <= draft.nowMs) removeMember(draft, member, 'away-too-long');
  }
  const reason = judgeLife(draft.life, life, draft.nowMs);
  if (reason !== undefined) endSession(draft, reason);
}

/** A session without its host cannot go on, so whoever removes the host ends it. */
export function expelMember(draft: SessionDraft, { member: id, userId, isBanned }: RemoveCommand): void {
  const member = draft.members.view.get(id);
  if (member?.profile.isHost === true) return endSession(draft, 'ended-by-administrator');
  if (isBanned) ban(draft, [id, userId]);
  if (member === undefined) return;
  draft.deliver(id, { kind: 'session-closed', host: draft.host?.profile.id, reason: 'removed' });
  removeMember(draft, member, 'removed');
}

export function isBanned(bans: ReadonlySet<string>, memberId: string, userId: string): boolean {
  return bans.has(memberId) || bans.has(userId);
}

function ban(draft: SessionDraft, ids: readonly string[]): void {
  const bans = [...draft.bans, ...ids];
  draft.bans = new Set(bans.slice(-bansMax));
}

function removeMember(draft: SessionDraft, { profile, presence, outbox }: Member, reason: LeaveReason): void {
  draft.sequenceFloor = Math.max(draft.sequenceFloor, outbox.last);
  draft.members.delete(profile.id);
  draft.effects.push({ kind: 'member-left', member: profile, reason });
  draft.life = noteGuests(draft.life, draft.guestCount, draft.nowMs);
  draft.deliverToOthers(profile.id, { kind: 'member-left', member: profile });
  dropRequestsOf(draft, profile.id);
  if (presence.kind === 'connected') expelConnection(draft, presence.connection);
}

export function endSession(draft: SessionDraft, reason: EndReason): void {
  const host: MemberId | undefined = draft.host?.profile.id;
  const closed = { kind: 'session-closed', host, reason } as const;
  // A host that left has ended the session itself.
  const knows = reason === 'host-left' ? host : undefined;
  for (const { profile, presence } of draft.members.view.values()) {
    if (presence.kind !== 'connected') continue;
    if (profile.id !== knows) draft.deliver(profile.id, closed);
    expelConnection(draft, presence.connection);
  }
  abandonJoins(draft);
  draft.members.clear();
  draft.requests.clear();
  draft.hasEnded = true;
  draft.effects.push({ kind: 'ended', reason });
}

export function expelConnection(draft: SessionDraft, connection: ConnectionId): void {
  draft.connections.delete(connection);
  draft.effects.push({ kind: 'expel', connection });
}
