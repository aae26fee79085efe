/**
 * The rules of a session as a pure function: a state and a command give the next state and the effects to
 * carry out. Clock, ids and randomness come in with the command. The wire adapter translates, no more.
 */
import type { Command, Effect } from './session-command.ts';
import { SessionDraft } from './session-draft.ts';
import { answerJoin, askToJoin, expireJoins } from './session-joins.ts';
import {
  expireRequests,
  relayAnswer,
  relayBroadcast,
  relayNotification,
  relayRequest,
} from './session-relay.ts';
import { confirmOutbox, connectMember, expireOutboxes } from './session-arrival.ts';
import {
  disconnectMember,
  endSession,
  expelMember,
  expireMembers,
  holdMember,
  leaveSession,
} from './session-roster.ts';
import type { SessionState } from './session-state.ts';

export interface Transition {
  readonly state: SessionState;
  /** To be carried out in this order. */
  readonly effects: readonly Effect[];
}

/** Applies one command; after the end of the session nothing has an effect. */
export function applyCommand(state: SessionState, command: Command, nowMs: number): Transition {
  if (state.hasEnded) return { state, effects: [] };
  const draft = new SessionDraft(state, nowMs);
  apply(draft, command);
  if (isSaid(command)) draft.life = { ...draft.life, lastSaidMs: nowMs };
  return { state: draft.toState(), effects: draft.effects };
}

function apply(draft: SessionDraft, command: Command): void {
  switch (command.kind) {
    case 'connect':
      return connectMember(draft, command);
    case 'disconnect':
      return disconnectMember(draft, command.connection);
    case 'hold':
      return holdMember(draft, command.connection);
    case 'confirm':
      return confirmOutbox(draft, command.connection, command.sequence);
    case 'leave':
      return leaveSession(draft, command);
    case 'request':
      return relayRequest(draft, command);
    case 'answer':
      return relayAnswer(draft, command);
    case 'notification':
      return relayNotification(draft, command);
    case 'broadcast':
      return relayBroadcast(draft, command);
    case 'ask-to-join':
      return askToJoin(draft, command);
    case 'answer-join':
      return answerJoin(draft, command);
    case 'remove':
      return expelMember(draft, command);
    case 'end':
      return endSession(draft, command.reason ?? 'ended-by-administrator');
    case 'tick':
      expireRequests(draft);
      expireJoins(draft);
      expireOutboxes(draft);
      return expireMembers(draft, command.life ?? draft.limits.life);
    case 'freeze':
      draft.isFrozen = true;
  }
}

/** Whether it is something that keeps a session from being idle. */
function isSaid({ kind }: Command): boolean {
  return kind === 'request' || kind === 'answer' || kind === 'notification' || kind === 'broadcast';
}
