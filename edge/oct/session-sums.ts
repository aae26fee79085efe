/** Sums over the members of sessions, for reports and lists. */
import type { SessionState } from '../core/session-state.ts';

type Peopled = Pick<SessionState, 'members'>;

/** Bytes kept for members, connected or away, until they have confirmed them. */
export function outboxBytesOf({ members }: Peopled): number {
  let bytes = 0;
  for (const { outbox } of members.values()) bytes += outbox.bytes;
  return bytes;
}

/** Different people who are connected: one of several sessions counts once. */
export function countUsers(sessions: readonly Peopled[]): number {
  const users = new Set<string>();
  for (const { members } of sessions)
    for (const { presence, profile } of members.values())
      if (presence.kind === 'connected') users.add(profile.user.id);
  return users.size;
}
