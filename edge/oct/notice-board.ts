/**
 * The banner of the pool, told to members as a direct message of the chat, for the protocol has no word of a server's own but errors.
 * Not at once to who has just come: editors listen to the chat a moment later. Who comes back has heard it.
 */
import type { ConnectionId, MemberId } from '../core/session-state.ts';
import type { RulesDesk } from '../rules-desk.ts';
import type { MemberSocket } from './member-socket.ts';
import { encodeNotice } from './outgoing.ts';

/** Editors have set themselves up by then. */
const settleMs = 3_000;

export class NoticeBoard {
  readonly #rules: Pick<RulesDesk, 'banner'>;
  /** Version of the last one that each member needs no more. */
  readonly #told = new Map<MemberId, number>();

  constructor(rules: Pick<RulesDesk, 'banner'>) {
    this.#rules = rules;
  }

  /** Who was at another edge before has been told there. */
  meet(member: MemberId, isBack: boolean): void {
    if (!isBack) this.#told.delete(member);
    else if (!this.#told.has(member)) this.#told.set(member, this.#rules.banner?.version ?? 0);
  }

  forget(member: MemberId): void {
    this.#told.delete(member);
  }

  tell(
    connections: ReadonlyMap<ConnectionId, MemberId>,
    sockets: ReadonlyMap<ConnectionId, MemberSocket>,
    nowMs: number,
  ): void {
    const { banner } = this.#rules;
    if (banner === undefined) return;
    for (const [connection, member] of connections) {
      const socket = sockets.get(connection);
      if (socket === undefined || socket.isStopped || nowMs - socket.openedMs < settleMs) continue;
      if (this.#told.get(member) === banner.version) continue;
      this.#told.set(member, banner.version);
      socket.tell(encodeNotice(banner, member));
    }
  }
}
