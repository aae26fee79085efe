/** `/dashboard/login`, and passwords that scripts send with each request: how often they may be tried, and what is told of it. */
import { createHmac, randomBytes } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import { secretsEqual } from '#shared/fleet-secrets.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Attempt, AttemptLimit } from '../../core/attempt-limit.ts';
import { formatCookie, readCookie } from '../../core/cookie.ts';
import { requireMethod } from '../../local-answer.ts';
import type { LocalAnswer, LocalRequest } from '../../local-answer.ts';
import { loginForm } from './login-form.ts';
import { whereFrom } from './origin-check.ts';
import type { Account, Passwords } from './passwords.ts';
import type { Claims, ViewerCookies } from './viewer-cookie.ts';
import type { Viewer } from './viewer.ts';

interface LoginOptions {
  readonly passwords: Passwords;
  readonly cookies: ViewerCookies;
  /** Equal on all front doors of the pool. */
  readonly secret: string;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly attempts: AttemptLimit;
  /** Whether the form also leads to single sign-on. */
  readonly offersSignOn: () => boolean;
}

const formMaxBytes = 8_192;
const userMaxLength = 128;
/** Ties a form to the browser that got it. */
const formCookie = 'ct-login';
const formMaxAgeSeconds = 3_600;
const basicPattern = /^Basic +([A-Za-z0-9+/=]{1,4096})$/i;

export class PasswordLogin {
  readonly #options: LoginOptions;

  constructor(options: LoginOptions) {
    this.#options = options;
  }

  /** Rejects where the directory cannot be reached that has the password. */
  async prepare(): Promise<void> {
    await this.#options.passwords.prepare();
  }

  accountOf(user: string): Account | undefined {
    return this.#options.passwords.accountOf(user);
  }

  /** False once the account is gone, or its password another one. */
  stillKnows({ name, mark, by }: Claims): boolean {
    const account = this.accountOf(name);
    return by === 'password' && account !== undefined && mark === this.#markOf(account);
  }

  async answer(request: LocalRequest): Promise<LocalAnswer> {
    if (request.method !== 'POST') requireMethod(request, 'GET');
    return request.method === 'POST' ? await this.#take(request) : this.#ask(request);
  }

  /** Undefined for who is nobody; throws `login-limited`. */
  async verifyBasic(request: LocalRequest, authorization: string): Promise<Account | undefined> {
    const [, coded] = basicPattern.exec(authorization) ?? [];
    const text = Buffer.from(coded ?? '', 'base64').toString();
    const colon = text.indexOf(':');
    if (colon < 0) return undefined;
    const user = text.slice(0, colon);
    const verdict = await this.#try(request, user, text.slice(colon + 1));
    if (verdict.kind === 'right') return verdict.proved;
    const isLimited = verdict.kind === 'too-many';
    this.#tellRefused(request, user, isLimited ? 'login-limited' : 'login-refused');
    if (isLimited) throw new AppError('login-limited', { facts: { waitSeconds: verdict.waitSeconds } });
    return undefined;
  }

  noteLogout(viewer: Viewer, { client }: LocalRequest): void {
    this.#options.log.info('dashboard.left', { by: viewer.by, client });
  }

  #ask(request: LocalRequest): LocalAnswer {
    const next = nextPath(new URLSearchParams(request.query).get('next'));
    return this.#form(request, { next, status: 200 });
  }

  async #take(request: LocalRequest): Promise<LocalAnswer> {
    const form = new URLSearchParams(await request.readBody(formMaxBytes));
    const next = nextPath(form.get('next'));
    const cookie = readCookie(request.headers, formCookie) ?? '';
    const isOwn = cookie !== '' && secretsEqual(form.get('csrf') ?? '', this.#tokenOf(cookie));
    if (!isOwn || whereFrom(request) !== 'own') {
      const fault = 'This form has been open for too long, or the browser keeps no cookies. Try again.';
      return this.#form(request, { next, status: 403, fault });
    }
    const user = (form.get('user') ?? '').slice(0, userMaxLength);
    const verdict = await this.#try(request, user, form.get('password') ?? '');
    switch (verdict.kind) {
      case 'too-many': {
        this.#tellRefused(request, user, 'login-limited');
        const fault = `Too many tries. Wait ${verdict.waitSeconds} seconds.`;
        const headers = { 'retry-after': String(verdict.waitSeconds) };
        return this.#form(request, { next, status: 429, fault, headers });
      }
      case 'wrong':
        this.#tellRefused(request, user, 'login-refused');
        return this.#form(request, { next, status: 403, fault: 'User or password is wrong.' });
      case 'right':
        return this.#letIn(request, verdict.proved, next);
    }
  }

  #letIn(request: LocalRequest, account: Account, next: string): LocalAnswer {
    const { cookies, log, metrics } = this.#options;
    const { user, role } = account;
    const claims = cookies.begin({ name: user, role, by: 'password', mark: this.#markOf(account) });
    metrics.count('ct_proxy_dashboard_logins_total', { outcome: 'accepted' });
    log.info('login.completed', { provider: 'dashboard', audit: { user, client: request.client } });
    const cookie = cookies.set(claims, request.secure);
    return {
      status: 303,
      headers: { location: next, 'cache-control': 'no-store', 'set-cookie': cookie },
      body: '',
    };
  }

  async #try({ client }: LocalRequest, user: string, password: string): Promise<Attempt<Account>> {
    const { passwords, attempts } = this.#options;
    const known = passwords.accountOf(user)?.user;
    return await attempts.attempt(client, known, async () => await passwords.verify(user, password));
  }

  #tellRefused({ client }: LocalRequest, user: string, code: 'login-refused' | 'login-limited'): void {
    const outcome = code === 'login-limited' ? 'limited' : 'refused';
    this.#options.metrics.count('ct_proxy_dashboard_logins_total', { outcome });
    // What was typed may be a password in the wrong field: only users that there are get named.
    const named = this.accountOf(user)?.user ?? '';
    this.#options.log.info('login.refused', { provider: 'dashboard', code, audit: { user: named, client } });
  }

  #form(
    request: LocalRequest,
    about: Omit<Parameters<typeof loginForm>[0], 'token' | 'hasSignOn'>,
  ): LocalAnswer {
    const held = readCookie(request.headers, formCookie) ?? '';
    const id = /^[A-Za-z0-9_-]{24}$/.test(held) ? held : randomBytes(18).toString('base64url');
    const attributes = { path: '/dashboard', maxAgeSeconds: formMaxAgeSeconds, secure: request.secure };
    const cookie = { 'set-cookie': formatCookie(formCookie, id, attributes) };
    const hasSignOn = this.#options.offersSignOn();
    return loginForm({
      ...about,
      hasSignOn,
      token: this.#tokenOf(id),
      headers: { ...about.headers, ...cookie },
    });
  }

  #tokenOf(id: string): string {
    return createHmac('sha256', this.#options.secret).update(`login form\n${id}`).digest('base64url');
  }

  #markOf({ user, role, password }: Account): string {
    return this.#options.cookies.markOf(`${user}\n${role}\n${password}`);
  }
}

/** A path of what is behind the gate, whatever somebody put into a link. */
export function nextPath(given: string | null): string {
  return given !== null && /^\/(dashboard|logs)(\/[\w./~?&=%-]*)?$/.test(given) ? given : '/dashboard/';
}
