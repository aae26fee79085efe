/**
 * Logins under way: a client got a poll token and waits, a person confirms in a form or a browser. Bounded
 * in number and age, because anyone may start one. Time and randomness are passed in.
 */
import { AppError } from '#shared/errors.ts';

interface PendingLogin {
  readonly expiresAtMs: number;
  token: string | undefined;
  readonly waiters: Set<(token: string) => void>;
}

export type PollResult = { kind: 'confirmed'; token: string } | { kind: 'waiting' } | { kind: 'unknown' };

const loginMaxMs = 300_000;
const pendingMax = 10_000;

export class PendingLogins {
  readonly #pending = new Map<string, PendingLogin>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Throws `too-many-waiting`. */
  start(pollToken: string): void {
    this.#sweep();
    if (this.#pending.size >= pendingMax) throw new AppError('too-many-waiting');
    this.#pending.set(pollToken, {
      expiresAtMs: this.#nowMs() + loginMaxMs,
      token: undefined,
      waiters: new Set(),
    });
  }

  /** False when there is no such login, or no longer. A second confirmation changes nothing. */
  confirm(pollToken: string, token: string): boolean {
    const login = this.#find(pollToken);
    if (login === undefined) return false;
    login.token ??= token;
    for (const wake of login.waiters) wake(login.token);
    return true;
  }

  has(pollToken: string): boolean {
    return this.#find(pollToken) !== undefined;
  }

  /** Waits for the confirmation until the signal aborts. The token is handed out once. */
  async poll(pollToken: string, signal: AbortSignal): Promise<PollResult> {
    const login = this.#find(pollToken);
    if (login === undefined) return { kind: 'unknown' };
    const token = login.token ?? (await this.#wait(login, signal));
    if (token === undefined) return { kind: 'waiting' };
    // Of several polls that the confirmation woke, the first takes the login away from the others.
    return this.#pending.delete(pollToken) ? { kind: 'confirmed', token } : { kind: 'unknown' };
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
