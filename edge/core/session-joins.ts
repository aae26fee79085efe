/**
 * Join approval: a guest asks, the host decides, the answer stays until a late poll can no longer want it.
 * A question is put to a host's client once; while the host is away it waits for the return.
 */
import type { ErrorCode } from '#shared/errors.ts';
import type { JoinAnswerCommand, JoinCommand, JoinDecision } from './session-command.ts';
import type { SessionDraft } from './session-draft.ts';
import { joinsPerSessionMax } from './session-state.ts';
import type { JoinRequest, SessionState } from './session-state.ts';

/** As long as clients let the host think. */
export const joinDeadlineMs = 300_000;
export const joinsWaitingMax = 64;
export const joinsWaitingPerUserMax = 4;
/** Join requests in all; beyond it the oldest answers are forgotten early. */
export const joinsKeptMax = 256;

/** Whether this person may ask now; undefined means yes. */
export function judgeJoin(state: SessionState, userId: string): ErrorCode | undefined {
  if (state.bans.has(userId)) return 'member-banned';
  const waiting = [...state.joins.values()].filter((join) => join.stage !== 'decided');
  if (waiting.length >= joinsWaitingMax) return 'too-many-waiting';
  if (waiting.filter((join) => join.user.id === userId).length >= joinsWaitingPerUserMax) {
    return 'too-many-waiting';
  }
  const isFull = state.members.size >= state.limits.membersMax;
  const hasClocks = state.clock + joinsWaitingMax < state.birth + joinsPerSessionMax;
  return isFull || !hasClocks ? 'session-full' : undefined;
}

/** Takes a request that `judgeJoin` has passed. */
export function askToJoin(draft: SessionDraft, { id, relayId, user }: JoinCommand): void {
  forgetOldest(draft);
  const dueMs = draft.nowMs + joinDeadlineMs;
  draft.joins.set(id, { id, relayId, user, stage: 'unasked', dueMs });
  askHost(draft);
}

/** Puts the open questions to the host, if it is there. */
export function askHost(draft: SessionDraft): void {
  const { host } = draft;
  if (host?.presence.kind !== 'connected') return;
  for (const join of draft.joins.view.values()) {
    if (join.stage !== 'unasked') continue;
    draft.joins.set(join.id, { ...join, stage: 'asked' });
    draft.deliver(host.profile.id, { kind: 'join-question', id: join.relayId, user: join.user });
  }
}

/** A host that was started anew has forgotten what it was asked. */
export function reopenJoins(draft: SessionDraft): void {
  for (const join of draft.joins.view.values()) {
    if (join.stage === 'asked') draft.joins.set(join.id, { ...join, stage: 'unasked' });
  }
}

/** Only the host's answer counts, and only the first one. */
export function answerJoin(draft: SessionDraft, command: JoinAnswerCommand): void {
  const member = draft.speakerOf(command);
  if (member === undefined || !member.profile.isHost) return;
  const { id, workspace } = command;
  for (const join of draft.joins.view.values()) {
    if (join.relayId !== id || join.stage !== 'asked') continue;
    if (command.isNotKept === true) return decide(draft, join, { kind: 'not-kept' });
    if (workspace === undefined) return decide(draft, join, { kind: 'rejected' });
    draft.clock++;
    const grant = { clock: draft.clock, workspace };
    const host = member.profile;
    return decide(draft, { ...join, grant }, { kind: 'approved', user: join.user, ...grant, host });
  }
}

export function expireJoins(draft: SessionDraft): void {
  for (const join of draft.joins.view.values()) {
    if (join.dueMs > draft.nowMs) continue;
    if (join.stage !== 'decided') decide(draft, join, { kind: 'timed-out' });
    forget(draft, join);
  }
}

/** The session is over: nobody will decide any more. */
export function abandonJoins(draft: SessionDraft): void {
  for (const join of draft.joins.view.values()) {
    if (join.stage !== 'decided') decide(draft, join, { kind: 'session-ended' });
    forget(draft, join);
  }
}

function decide(draft: SessionDraft, join: JoinRequest, decision: JoinDecision): void {
  draft.joins.set(join.id, { ...join, stage: 'decided' });
  draft.effects.push({ kind: 'join-decided', id: join.id, decision });
}

function forget(draft: SessionDraft, join: JoinRequest): void {
  draft.joins.delete(join.id);
  draft.effects.push({ kind: 'join-forgotten', id: join.id });
}

function forgetOldest(draft: SessionDraft): void {
  if (draft.joins.view.size < joinsKeptMax) return;
  for (const join of draft.joins.view.values()) {
    if (join.stage === 'decided') return forget(draft, join);
  }
}
