/** Whether a client may host: judged where a session begins, by what the client's connection says of it. */
import type { MemberProfile, SessionState } from '../core/session-state.ts';
import type { SessionOptions } from './session-context.ts';

/** In words for its user; undefined for guests, and for a host who comes back and hosts what runs already. */
export function hostRefusalOf(
  { id, isHost }: MemberProfile,
  client: string,
  state: SessionState,
  { isUnknown, context }: SessionOptions,
): string | undefined {
  if (!isHost || isUnknown || state.members.has(id)) return undefined;
  return context.rules.hostingRefusal(client);
}
