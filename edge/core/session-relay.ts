/**
 * Frames between members: each reaches members of the session only, with the receiver's own key and no
 * other, and each request is answered exactly once, by its target, by its deadline or at once by us.
 */
import type {
  AnswerCommand,
  BroadcastCommand,
  NotificationCommand,
  RequestCommand,
} from './session-command.ts';
import type { SessionDraft } from './session-draft.ts';
import { lostStream } from './session-state.ts';
import type { MemberId, PendingRequest, RelayId } from './session-state.ts';

/** Clients wait 60 s, so the sender hears of a lost request in time. */
export const requestDeadlineMs = 30_000;
/** Requests of one member that wait for an answer. */
export const requestsPerMemberMax = 256;

export function relayRequest(draft: SessionDraft, command: RequestCommand): void {
  const origin = draft.memberOf(command.connection)?.profile.id;
  if (origin === undefined) return;
  const { id, relayId, target, sealed } = command;
  const key = command.keys.get(target);
  const isTooMany = countRequestsOf(draft, origin) >= requestsPerMemberMax;
  if (isTooMany) draft.effects.push({ kind: 'refused', code: 'too-many-waiting' });
  if (isTooMany || key === undefined || !draft.members.view.has(target)) {
    draft.deliver(origin, { kind: 'failure', id });
    return;
  }
  draft.requests.set(relayId, { origin, id, target, dueMs: draft.nowMs + requestDeadlineMs });
  draft.deliver(target, { kind: 'request', id: relayId, origin, key, sealed });
}

/** Only the target may answer; an answer that its receiver cannot open counts as a failure. */
export function relayAnswer(draft: SessionDraft, command: AnswerCommand): void {
  const sender = draft.memberOf(command.connection)?.profile.id;
  const request = draft.requests.view.get(command.id);
  if (request === undefined || request.target !== sender || isOriginLost(draft, request)) return;
  const key = command.keys.get(request.origin);
  if (key === undefined) return failRequest(draft, command.id, request);
  draft.requests.delete(command.id);
  const { isError, sealed } = command;
  draft.deliver(request.origin, { kind: 'answer', id: request.id, isError, key, sealed });
}

export function relayNotification(draft: SessionDraft, command: NotificationCommand): void {
  const origin = draft.memberOf(command.connection)?.profile.id;
  const key = command.keys.get(command.target);
  if (origin === undefined || key === undefined) return;
  draft.deliver(command.target, { kind: 'notification', origin, key, sealed: command.sealed });
}

/** Reaches the members whom the sender sealed it for; it may not know the newest yet. */
export function relayBroadcast(draft: SessionDraft, { connection, keys, sealed }: BroadcastCommand): void {
  const origin = draft.memberOf(connection)?.profile.id;
  if (origin === undefined) return;
  for (const id of draft.members.view.keys()) {
    const key = id === origin ? undefined : keys.get(id);
    if (key !== undefined) draft.deliver(id, { kind: 'broadcast', origin, key, sealed });
  }
}

export function expireRequests(draft: SessionDraft): void {
  for (const [relayId, request] of draft.requests.view) {
    if (request.dueMs <= draft.nowMs) failRequest(draft, relayId, request);
  }
}

/** A member, or its client, is gone: its requests need no answer, those to it get one now. */
export function dropRequestsOf(draft: SessionDraft, member: MemberId): void {
  for (const [relayId, request] of draft.requests.view) {
    if (request.origin === member) draft.requests.delete(relayId);
    else if (request.target === member) failRequest(draft, relayId, request);
  }
}

/** A client that has a gap may have missed questions and answers alike: all that is open fails now. */
export function failRequestsOf(draft: SessionDraft, member: MemberId): void {
  for (const [relayId, request] of draft.requests.view) {
    if (request.origin === member || request.target === member) failRequest(draft, relayId, request);
  }
}

function failRequest(draft: SessionDraft, relayId: RelayId, request: PendingRequest): void {
  if (isOriginLost(draft, request)) return;
  draft.requests.delete(relayId);
  draft.deliver(request.origin, { kind: 'failure', id: request.id });
}

/**
 * Whoever asked has not come back since its edge died, and will have a gap: what it were told now would be forgotten then.
 * Its return is what fails the request, or its departure what drops it.
 */
function isOriginLost(draft: SessionDraft, { origin }: PendingRequest): boolean {
  const member = draft.members.view.get(origin);
  return member?.presence.kind === 'away' && member.stream === lostStream;
}

function countRequestsOf(draft: SessionDraft, origin: MemberId): number {
  let count = 0;
  for (const request of draft.requests.view.values()) if (request.origin === origin) count++;
  return count;
}
