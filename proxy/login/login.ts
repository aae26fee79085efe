/**
 * `/api/login/*` and `/api/logout` of the Open Collaboration Protocol: initial, the providers' forms, the
 * long poll for the token, validate. Makes login tokens; session tokens are the edges'.
 */
import { AppError, toAppError } from '#shared/errors.ts';
import { personOf } from '#shared/journal/person.ts';
import type { Log } from '#shared/log.ts';
import type { Siblings } from '#shared/siblings.ts';
import type { SessionTokens, User } from '#shared/session-token.ts';
import { headerValues } from '../core/header-list.ts';
import { json, requireMethod } from '../local-answer.ts';
import type { LocalAnswer, LocalRequest } from '../local-answer.ts';
import { PendingLogins } from './pending-logins.ts';
import type { Identity, LoginProvider } from './providers.ts';

interface LoginOptions {
  readonly tokens: SessionTokens;
  readonly providers: readonly LoginProvider[];
  readonly log: Log;
  readonly nowMs: () => number;
  /** Who may be asked for what began here. */
  readonly siblings?: Siblings;
  /** 128 or more random bits, URL-safe. */
  readonly randomToken: () => string;
}

const bodyMaxBytes = 16_384;
const pollMaxMs = 30_000;
const cookieName = 'oct-jwt';
const cookieAttributes = 'Path=/; HttpOnly; Secure; SameSite=None';
const cookieMaxAgeSeconds = 365 * 24 * 3_600;

export class Login {
  readonly providers: readonly LoginProvider[];
  readonly #options: LoginOptions;
  readonly #pending: PendingLogins;

  constructor(options: LoginOptions) {
    this.providers = options.providers;
    this.#options = options;
    this.#pending = new PendingLogins(options.nowMs, options.siblings);
  }

  async answer(request: LocalRequest): Promise<LocalAnswer<string>> {
    if (request.path === '/api/logout') return this.#logout(request);
    requireMethod(request, 'POST');
    const action = request.path.slice('/api/login/'.length);
    if (action === 'initial') return this.#initial();
    if (action === 'validate') return await this.#validate(request);
    if (action.startsWith('poll/')) return await this.#poll(request, action.slice('poll/'.length));
    const provider = this.providers.find((known) => known.name === action);
    if (provider === undefined) throw new AppError('not-found');
    return await this.#confirm(request, provider);
  }

  #initial(): LocalAnswer<string> {
    const pollToken = this.#options.randomToken();
    this.#pending.start(pollToken);
    const auth = {
      loginPageUrl: `/login.html?token=${encodeURIComponent(pollToken)}`,
      providers: this.providers.map((provider) => provider.form),
      defaultSuccessUrl: '',
    };
    return json(200, { pollToken, auth });
  }

  async #confirm(request: LocalRequest, provider: LoginProvider): Promise<LocalAnswer<string>> {
    const fields = parseObject(await request.readBody(bodyMaxBytes));
    const pollToken = fields['token'];
    if (typeof pollToken !== 'string' || !(await this.#pending.isKnown(pollToken))) {
      throw new AppError('login-refused', { facts: { reason: 'no such login is under way' } });
    }
    const identity = this.#identify(provider, fields);
    const user: User = { id: this.#options.randomToken(), ...identity };
    this.#pending.confirm(pollToken, await this.#options.tokens.signLogin(user));
    this.#options.log.info('login.completed', {
      provider: provider.name,
      audit: { user: user.id, person: personOf(user), subject: user.name },
    });
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'Ok' };
  }

  #identify(provider: LoginProvider, fields: unknown): Identity {
    try {
      return provider.identify(fields);
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
        const cookie = `${cookieName}=${result.token}; Max-Age=${cookieMaxAgeSeconds}; ${cookieAttributes}`;
        return json(
          200,
          { loginToken: result.token },
          wantsCookie ? { 'set-cookie': cookie, 'access-control-allow-credentials': 'true' } : {},
        );
      }
    }
  }

  async #validate(request: LocalRequest): Promise<LocalAnswer<string>> {
    const token = loginToken(request);
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
    return json(200, { loggedOut: true }, { 'set-cookie': `${cookieName}=; Max-Age=0; ${cookieAttributes}` });
  }
}

/** The token of the header, else of the cookie that browsers without headers use. */
function loginToken(request: LocalRequest): string | undefined {
  const header = headerValues(request.headers, 'x-oct-jwt')[0];
  if (header !== undefined) return header;
  const pairs = headerValues(request.headers, 'cookie').flatMap((line) => line.split(';'));
  const pair = pairs.map((text) => text.trim()).find((text) => text.startsWith(`${cookieName}=`));
  return pair?.slice(cookieName.length + 1);
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
