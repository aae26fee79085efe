/** Logins under way, wherever in the pool they began and are confirmed: here or at a sibling, else by the board in the directory. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoginBoard } from './login-board.ts';
import type { PendingLogins, PollResult } from './pending-logins.ts';

/** Whoever waits here, or at a sibling, has it by then. */
const fetchedHereMs = 200;

export class PoolLogins {
  readonly #pending: PendingLogins;
  readonly #board: LoginBoard | undefined;

  constructor(pending: PendingLogins, board: LoginBoard | undefined) {
    this.#pending = pending;
    this.#board = board;
  }

  /** Gives the poll token. Throws `too-many-waiting`. */
  start(random: string, client: string): string {
    const pollToken = this.#board?.sign(random) ?? random;
    this.#pending.start(pollToken, client);
    return pollToken;
  }

  async isKnown(pollToken: string): Promise<boolean> {
    return this.#isElsewhere(pollToken) || (await this.#pending.isKnown(pollToken));
  }

  /** Throws `directory-unavailable` where it began elsewhere and nobody there can be told. */
  async confirm(pollToken: string, token: string): Promise<void> {
    if (this.#pending.confirm(pollToken, token)) return void this.#postUnfetched(pollToken, token);
    if (this.#isElsewhere(pollToken)) await this.#board?.post(pollToken, token);
  }

  /** It began here, and the client asks another front door for it. */
  async #postUnfetched(pollToken: string, token: string): Promise<void> {
    await sleep(fetchedHereMs, undefined, { ref: false });
    if (this.#board === undefined || !this.#pending.has(pollToken)) return;
    try {
      await this.#board.post(pollToken, token);
    } catch {
      // It can still be fetched here.
      return;
    }
    // Handed out once: it is either here or on the board.
    if (this.#pending.has(pollToken)) this.#pending.markPosted(pollToken);
    else await this.#board.drop(pollToken);
  }

  /** Waits for the confirmation until the signal aborts. The token is handed out once. */
  async poll(pollToken: string, signal: AbortSignal): Promise<PollResult> {
    const board = this.#isElsewhere(pollToken) ? this.#board : undefined;
    const isHere = await this.#pending.isKnown(pollToken);
    if (board === undefined) return await this.#pending.poll(pollToken, signal);
    const settled = new AbortController();
    const both = AbortSignal.any([signal, settled.signal]);
    const posted = board.take(pollToken, both).then((token): PollResult => {
      return token === undefined ? { kind: 'waiting' } : { kind: 'confirmed', token };
    });
    // First that of here: it is asked no other process for.
    const ways = isHere ? [this.#pending.poll(pollToken, both), posted] : [posted];
    const result = await Promise.race(ways);
    settled.abort();
    if (result.kind === 'confirmed' && !this.#pending.wasTaken(pollToken)) this.#pending.markTaken(pollToken);
    return result;
  }

  /** It may have begun or be confirmed at any front door. */
  #isElsewhere(pollToken: string): boolean {
    return this.#board?.isSigned(pollToken) === true && !this.#pending.wasTaken(pollToken);
  }
}
