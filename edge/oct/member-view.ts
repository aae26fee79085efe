/** A member as an administrator sees it: who, by which client, since when, how much it sends. */
import type { MemberView } from '#shared/session-views.ts';
import type { Member } from '../core/session-state.ts';
import type { MemberSocket } from './member-socket.ts';
import { isWebSocket } from './transport.ts';

const silent = { messagesPerSecond: 0, bytesPerSecond: 0 };

/** `socket` is undefined for a member who is away. */
export function describeMember(
  { profile, presence }: Member,
  socket: MemberSocket | undefined,
  nowMs: number,
): MemberView {
  const { id, user, isHost } = profile;
  const sinceMs = socket?.openedMs ?? (presence.kind === 'away' ? presence.sinceMs : nowMs);
  return {
    id,
    adapter: 'oct',
    name: user.name,
    ...(user.email === undefined ? {} : { email: user.email }),
    role: isHost ? 'host' : 'guest',
    client: socket?.client ?? '',
    transport: socket === undefined ? 'away' : isWebSocket(socket.conn) ? 'websocket' : 'polling',
    sinceSeconds: Math.round((nowMs - sinceMs) / 1_000),
    ...(socket?.received.read(nowMs) ?? silent),
  };
}
