/**
 * Logins under way: a client got a poll token and waits, a person confirms in a form or a browser. Bounded
 * in number and age, because anyone may start one. Time and randomness are passed in.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '#shared/errors.ts';
import type { Siblings } from '#shared/siblings.ts';

interface PendingLogin {
  /** Who began it, as limits count clients. */
  readonly client: string;
  readonly expiresAtMs: number;
  token: string | undefined;
  readonly waiters: Set<(token: string) => void>;
}

/** What front doors of one supervisor tell each other. */
type LoginNews =
  | { readonly news: 'started'; readonly pollToken: string; readonly client: string }
  | { readonly news: 'taken' | 'posted'; readonly pollToken: string }
  | { readonly news: 'confirmed'; readonly pollToken: string; readonly token: string };

export type PollResult = { kind: 'confirmed'; token: string } | { kind: 'waiting' } | { kind: 'unknown' };

const loginMaxMs = 300_000;
const pendingMax = 10_000;
/** Where there is no room, whoever has begun the most, and so many, makes some. */
const crowdMin = 100;
/** A sibling's word comes within milliseconds, or not at all. */
const siblingLooksMax = 10;
const siblingLookMs = 30;
const alone: Siblings = { isShared: false, tell: () => undefined, hear: () => undefined };

export class PendingLogins {
  readonly #pending = new Map<string, PendingLogin>();
  /** Handed out, here or at a sibling; the newest last. */
  readonly #taken = new Set<string>();
  readonly #nowMs: () => number;

  readonly #siblings: Siblings;

  constructor(nowMs: () => number, siblings: Siblings = alone) {
    this.#nowMs = nowMs;
    this.#siblings = siblings;
    siblings.hear((payload) => this.#hear(payload as LoginNews));
  }

  /** Throws `too-many-waiting` where many clients have begun all that there may be. */
  start(pollToken: string, client: string): void {
    if (!this.#makeRoom()) throw new AppError('too-many-waiting');
    this.#begin(pollToken, client);
    this.#siblings.tell({ news: 'started', pollToken, client } satisfies LoginNews);
  }

  /** A client that begins one after the other loses the older half of its own, and nobody else any. False where nobody has so many. */
  #makeRoom(): boolean {
    this.#sweep();
    if (this.#pending.size < pendingMax) return true;
    const counts = new Map<string, number>();
    for (const { client } of this.#pending.values()) counts.set(client, (counts.get(client) ?? 0) + 1);
    const [most, count] = [...counts].reduce((one, other) => (other[1] > one[1] ? other : one));
    if (count < crowdMin) return false;
    const older = [...this.#pending].filter(([, { client }]) => client === most).slice(0, count / 2);
    for (const [pollToken] of older) this.#pending.delete(pollToken);
    return true;
  }

  /** Also where it began at a sibling, whose word may be slower than the client. */
  async isKnown(pollToken: string): Promise<boolean> {
    for (let looks = 0; looks < siblingLooksMax && this.#siblings.isShared; looks++) {
      if (this.has(pollToken)) return true;
      await sleep(siblingLookMs);
    }
    return this.has(pollToken);
  }

  has(pollToken: string): boolean {
    return this.#find(pollToken) !== undefined;
  }

  #begin(pollToken: string, client: string): void {
    this.#pending.set(pollToken, {
      client,
      expiresAtMs: this.#nowMs() + loginMaxMs,
      token: undefined,
      waiters: new Set(),
    });
  }

  /** False when there is no such login, or no longer. A second confirmation changes nothing. */
  confirm(pollToken: string, token: string): boolean {
    if (!this.#settle(pollToken, token)) return false;
    this.#siblings.tell({ news: 'confirmed', pollToken, token } satisfies LoginNews);
    return true;
  }

  #settle(pollToken: string, token: string): boolean {
    const login = this.#find(pollToken);
    if (login === undefined) return false;
    login.token ??= token;
    for (const wake of login.waiters) wake(login.token);
    return true;
  }

  #hear(told: LoginNews): void {
    switch (told.news) {
      case 'started':
        return this.#makeRoom() ? this.#begin(told.pollToken, told.client) : undefined;
      case 'confirmed':
        return void this.#settle(told.pollToken, told.token);
      case 'taken':
        return this.#noteTaken(told.pollToken);
      case 'posted':
        return void this.#pending.delete(told.pollToken);
    }
  }

  wasTaken(pollToken: string): boolean {
    return this.#taken.has(pollToken);
  }

  /** It is handed out to whoever asked here, and from now on to nobody. */
  markTaken(pollToken: string): void {
    this.#noteTaken(pollToken);
    this.#siblings.tell({ news: 'taken', pollToken } satisfies LoginNews);
  }

  /** It lies where any front door fetches it, and no longer here. */
  markPosted(pollToken: string): void {
    this.#pending.delete(pollToken);
    this.#siblings.tell({ news: 'posted', pollToken } satisfies LoginNews);
  }

  #noteTaken(pollToken: string): void {
    this.#pending.delete(pollToken);
    this.#taken.add(pollToken);
    const [oldest] = this.#taken;
    if (this.#taken.size > pendingMax && oldest !== undefined) this.#taken.delete(oldest);
  }

  /** Waits for the confirmation until the signal aborts. The token is handed out once. */
  async poll(pollToken: string, signal: AbortSignal): Promise<PollResult> {
    const login = (await this.isKnown(pollToken)) ? this.#find(pollToken) : undefined;
    if (login === undefined) return { kind: 'unknown' };
    const token = login.token ?? (await this.#wait(login, signal));
    if (token === undefined) return { kind: 'waiting' };
    // Of several polls that the confirmation woke, the first takes the login away from the others.
    if (!this.#pending.has(pollToken)) return { kind: 'unknown' };
    this.markTaken(pollToken);
    return { kind: 'confirmed', token };
  }

  async #wait(login: PendingLogin, signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted) return undefined;
    return await new Promise<string | undefined>((resolve) => {
      const settle = (token: string | undefined): void => {
        login.waiters.delete(settle);
        signal.removeEventListener('abort', giveUp);
        resolve(token);
      };
      const giveUp = (): void => settle(undefined);
      login.waiters.add(settle);
      signal.addEventListener('abort', giveUp);
    });
  }

  #find(pollToken: string): PendingLogin | undefined {
    const login = this.#pending.get(pollToken);
    return login !== undefined && login.expiresAtMs > this.#nowMs() ? login : undefined;
  }

  /** Entries stand in order of age, so the old ones are first. */
  #sweep(): void {
    const now = this.#nowMs();
    for (const [token, login] of this.#pending) {
      if (login.expiresAtMs > now) return;
      this.#pending.delete(token);
    }
  }
}
