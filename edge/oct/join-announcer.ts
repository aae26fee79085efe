/** Tells guests at the join desk what was decided, and makes the tokens of those who were let in. */
import { errorTable } from '#shared/errors.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { SessionTokens } from '#shared/session-token.ts';
import type { JoinApproval, JoinDecision } from '../core/session-command.ts';
import type { JoinId, SessionState } from '../core/session-state.ts';
import { joinInfo } from './join-desk.ts';
import type { JoinDesk } from './join-desk.ts';
import { toPeer } from './outgoing.ts';
import { ExpectedGuests } from './session-seats.ts';

interface AnnouncerOptions {
  readonly key: AffinityKey;
  readonly desk: JoinDesk;
  readonly tokens: SessionTokens;
  readonly nowMs: () => number;
}

export class JoinAnnouncer {
  readonly #options: AnnouncerOptions;
  /** Tokens of approved guests that are being signed. */
  readonly #signing = new Set<Promise<void>>();
  readonly expected: ExpectedGuests;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.expected = new ExpectedGuests(options.nowMs);
  }

  announce(id: JoinId, decision: JoinDecision): void {
    const { desk } = this.#options;
    switch (decision.kind) {
      case 'approved':
        this.expected.expect(decision.user.id);
        return this.#sign(id, decision);
      case 'rejected':
        return desk.decide(id, joinInfo(true, 'JoinRejected', 'Join request has been rejected'));
      case 'timed-out':
        return desk.decide(id, joinInfo(true, 'JoinTimeout', 'Join request has timed out'));
      case 'not-kept':
        return desk.decide(id, joinInfo(true, 'StoreUnavailable', errorTable['roster-unavailable'].message));
      case 'session-ended':
        return desk.decide(id, joinInfo(true, 'RoomNotFound', 'The session has ended'));
    }
  }

  /** Tells again what was decided of the guests of a session, after a crash in which it may have been lost. */
  announceAll({ joins, members }: SessionState): void {
    const host = [...members.values()].find(({ profile }) => profile.isHost)?.profile;
    for (const { id, stage, grant, user } of joins.values()) {
      if (stage !== 'decided') continue;
      const isIn = grant !== undefined && host !== undefined;
      this.announce(id, isIn ? { kind: 'approved', user, ...grant, host } : { kind: 'rejected' });
    }
  }

  /** Resolves when every guest who was let in has its token at the desk. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#signing);
  }

  #sign(id: JoinId, approval: JoinApproval): void {
    const signing = this.#letIn(id, approval).finally(() => this.#signing.delete(signing));
    this.#signing.add(signing);
  }

  async #letIn(id: JoinId, { user, clock, workspace, host }: JoinApproval): Promise<void> {
    const { key, desk, tokens } = this.#options;
    const roomToken = await tokens.signSession({ room: key, roomClock: clock, user, host: false });
    desk.decide(id, { roomId: key, roomToken, workspace, host: toPeer(host) });
  }
}
