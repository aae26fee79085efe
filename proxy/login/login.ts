/**
 * `/api/login/*` and `/api/logout` of the Open Collaboration Protocol: initial, the providers' forms, the
 * long poll for the token, validate. Makes login tokens; session tokens are the edges'.
 */
import { AppError, toAppError } from '#shared/errors.ts';
import { personOf } from '#shared/journal/person.ts';
import type { Log } from '#shared/log.ts';
import type { Siblings } from '#shared/siblings.ts';
import type { SessionTokens, User } from '#shared/session-token.ts';
import { groupOfAddress } from '../core/address-group.ts';
import { json, requireMethod } from '../local-answer.ts';
import type { LocalAnswer, LocalRequest } from '../local-answer.ts';
import { loginCookie, loginTokenOf } from './login-judge.ts';
import type { JudgeLogin } from './login-judge.ts';
import type { LoginBoard } from './login-board.ts';
import { PendingLogins } from './pending-logins.ts';
import { PoolLogins } from './pool-logins.ts';
import { signOnAuthProvider, signOnForm } from './providers.ts';
import type { Identity, LoginProvider } from './providers.ts';

interface LoginOptions {
  readonly tokens: SessionTokens;
  readonly providers: () => readonly LoginProvider[];
  readonly log: Log;
  readonly nowMs: () => number;
  /** Who may be asked for what began here. */
  readonly siblings?: Siblings;
  /** By which front doors of other hosts know of it. */
  readonly board?: LoginBoard;
  /** 128 or more random bits, URL-safe. */
  readonly randomToken: () => string;
  /** Where single sign-on is on; people come back by `confirmPerson`. */
  readonly signOn?: BeginSignOn | undefined;
  /** With single sign-on, of who would get into a session. */
  readonly judge?: JudgeLogin | undefined;
}

/** Leads a browser to the provider of single sign-on. */
export type BeginSignOn = (request: LocalRequest, pollToken: string) => Promise<LocalAnswer<string>>;

const bodyMaxBytes = 16_384;
const pollMaxMs = 30_000;
const cookieAttributes = 'Path=/; HttpOnly; Secure; SameSite=None';
const cookieMaxAgeSeconds = 365 * 24 * 3_600;

export class Login {
  readonly #options: LoginOptions;
  readonly #pending: PoolLogins;

  constructor(options: LoginOptions) {
    this.#options = options;
    this.#pending = new PoolLogins(new PendingLogins(options.nowMs, options.siblings), options.board);
  }

  /** Without single sign-on. */
  get providers(): readonly LoginProvider[] {
    return this.#options.providers();
  }

  get judge(): JudgeLogin | undefined {
    return this.#options.judge;
  }

  get hasSignOn(): boolean {
    return this.#options.signOn !== undefined;
  }

  async answer(request: LocalRequest): Promise<LocalAnswer<string>> {
    if (request.path === '/api/logout') return this.#logout(request);
    const action = request.path.slice('/api/login/'.length);
    const { signOn } = this.#options;
    if (action === 'sso' && signOn !== undefined) return await this.#lead(request, signOn);
    requireMethod(request, 'POST');
    if (action === 'initial') return this.#initial(request.client);
    if (action === 'validate') return await this.#validate(request);
    if (action.startsWith('poll/')) return await this.#poll(request, action.slice('poll/'.length));
    const provider = this.providers.find((known) => known.name === action);
    if (provider === undefined) throw new AppError('not-found');
    return await this.#confirm(request, provider);
  }

  #initial(client: string): LocalAnswer<string> {
    const pollToken = this.#pending.start(this.#options.randomToken(), groupOfAddress(client));
    const auth = {
      loginPageUrl: `/login.html?token=${encodeURIComponent(pollToken)}`,
      providers: [...(this.hasSignOn ? [signOnForm] : []), ...this.providers.map(({ form }) => form)],
      defaultSuccessUrl: '',
    };
    return json(200, { pollToken, auth });
  }

  async #confirm(request: LocalRequest, provider: LoginProvider): Promise<LocalAnswer<string>> {
    const fields = parseObject(await request.readBody(bodyMaxBytes));
    const pollToken = await this.#knownToken(fields['token']);
    const identity = await this.#identify(provider, fields, request.client);
    await this.#complete(pollToken, provider.name, identity);
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'Ok' };
  }

  /** Of a person whom single sign-on vouches for. Throws `login-refused` where no such login is under way. */
  async confirmPerson(
    pollToken: string,
    person: Required<Pick<Identity, 'id'>> & Omit<Identity, 'authProvider'>,
  ): Promise<void> {
    await this.#complete(await this.#knownToken(pollToken), 'sso', {
      ...person,
      authProvider: signOnAuthProvider,
    });
  }

  async #lead(request: LocalRequest, signOn: BeginSignOn): Promise<LocalAnswer<string>> {
    requireMethod(request, 'GET');
    return await signOn(request, await this.#knownToken(new URLSearchParams(request.query).get('token')));
  }

  async #knownToken(token: unknown): Promise<string> {
    if (typeof token === 'string' && (await this.#pending.isKnown(token))) return token;
    throw new AppError('login-refused', { facts: { reason: 'no such login is under way' } });
  }

  async #complete(pollToken: string, provider: string, identity: Identity): Promise<void> {
    const user: User = { id: this.#options.randomToken(), ...identity };
    await this.#pending.confirm(pollToken, await this.#options.tokens.signLogin(user));
    const audit = { user: user.id, person: personOf(user), subject: user.name };
    this.#options.log.info('login.completed', { provider, audit });
  }

  async #identify(provider: LoginProvider, fields: unknown, client: string): Promise<Identity> {
    try {
      return await provider.identify(fields, client);
    } catch (error) {
      const { code } = toAppError(error);
      this.#options.log.info('login.refused', { provider: provider.name, code });
      throw error;
    }
  }

  async #poll(request: LocalRequest, pollToken: string): Promise<LocalAnswer<string>> {
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(pollMaxMs)]);
    const result = await this.#pending.poll(pollToken, signal);
    switch (result.kind) {
      case 'unknown':
        return json(400, { code: 'AuthTimeout', params: [], message: 'Authentication timed out' });
      case 'waiting':
        return { status: 204, headers: {}, body: '' };
      case 'confirmed': {
        const wantsCookie = new URLSearchParams(request.query).has('useCookie');
        const cookie = `${loginCookie}=${result.token}; Max-Age=${cookieMaxAgeSeconds}; ${cookieAttributes}`;
        return json(
          200,
          { loginToken: result.token },
          wantsCookie ? { 'set-cookie': cookie, 'access-control-allow-credentials': 'true' } : {},
        );
      }
    }
  }

  async #validate(request: LocalRequest): Promise<LocalAnswer<string>> {
    const token = loginTokenOf(request.headers);
    if (token === undefined) return json(200, { valid: false });
    try {
      await this.#options.tokens.verifyLogin(token);
      return json(200, { valid: true });
    } catch (error) {
      if (error instanceof AppError && error.code === 'token-invalid') return json(200, { valid: false });
      throw error;
    }
  }

  #logout(request: LocalRequest): LocalAnswer<string> {
    requireMethod(request, 'GET');
    return json(
      200,
      { loggedOut: true },
      { 'set-cookie': `${loginCookie}=; Max-Age=0; ${cookieAttributes}` },
    );
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Falls through to the refusal below.
  }
  throw new AppError('body-invalid');
}
