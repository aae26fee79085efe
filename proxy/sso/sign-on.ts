/**
 * Single sign-on: sends browsers to the provider, takes them back at `/sso/authorization-code/callback`, and lets those whom the
 * provider vouches for into the dashboard or into the login of an editor. What is under way is in the browser's cookie.
 */
import { AppError, toAppError } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { ssoBaseOf } from '#shared/settings/sso-settings.ts';
import { formatCookie, readCookie } from '../core/cookie.ts';
import type { Claims, ViewerCookies } from '../dashboard/door/viewer-cookie.ts';
import { leadOn } from '../dashboard/door/login-form.ts';
import { whereFrom } from '../dashboard/door/origin-check.ts';
import { requireMethod } from '../local-answer.ts';
import type { LocalAnswer, LocalRequest } from '../local-answer.ts';
import { flowMaxSeconds } from './flow-cookie.ts';
import type { Flow, FlowSeal, Purpose } from './flow-cookie.ts';
import type { OidcProvider } from './oidc-provider.ts';
import { isAmong, roleOf } from './person.ts';
import type { Person } from './person.ts';
import { confirmPage, donePage, faultPage, leftPage } from './sso-pages.ts';

interface SignOnOptions {
  readonly settings: Settings;
  readonly provider: OidcProvider;
  readonly seal: FlowSeal;
  readonly cookies: ViewerCookies;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Lets somebody into the login that an editor has begun; throws `login-refused` where there is none. */
export type ConfirmLogin = (pollToken: string, person: Omit<Person, 'groups'>) => Promise<void>;

const flowCookie = 'ct-sso';
const callbackPath = '/sso/authorization-code/callback';
const logoutPath = '/sso/logout';
/** How a browser comes back that has logged out at the provider. */
const leftState = 'left';
const formMaxBytes = 16_384;

export class SignOn {
  readonly #options: SignOnOptions;
  #confirm: ConfirmLogin | undefined;

  constructor(options: SignOnOptions) {
    this.#options = options;
  }

  /** Where people of the provider may see the dashboard at all. */
  get leadsToDashboard(): boolean {
    const { CT_SSO_ADMIN_GROUPS: admins, CT_SSO_READER_GROUPS: readers } = this.#options.settings;
    return this.#isOn && admins.length + readers.length > 0;
  }

  /** The login that editors wait at. */
  serve(confirm: ConfirmLogin): void {
    this.#confirm = confirm;
  }

  /** False once single sign-on, or who may come in by it, is set otherwise. */
  stillKnows({ by, mark, role }: Claims): boolean {
    return by === 'sso' && this.leadsToDashboard && mark === this.#markOf(role);
  }

  /** Sends the browser to the provider; never throws. */
  async begin(request: LocalRequest, purpose: Purpose): Promise<LocalAnswer<string>> {
    try {
      requireMethod(request, 'GET');
      const { provider, seal } = this.#options;
      const { url, flow } = await provider.begin(this.#baseOf(request) + callbackPath, purpose);
      const headers = { location: url, 'cache-control': 'no-store' };
      const cookie = this.#cookie(request, await seal.sealFlow(flow));
      return { status: 303, headers: { ...headers, ...cookie }, body: '' };
    } catch (error) {
      return this.#fail(purpose, toAppError(error), {});
    }
  }

  /** What is below `/sso/`. */
  async answer(request: LocalRequest): Promise<LocalAnswer<string>> {
    if (!this.#isOn) throw new AppError('not-found');
    switch (request.path) {
      case callbackPath:
        requireMethod(request, 'GET');
        return await this.#takeBack(request);
      case '/sso/confirm':
        return await this.#takeConfirmation(request);
      case logoutPath:
        requireMethod(request, 'GET');
        return await this.#logOut(request);
      default:
        throw new AppError('not-found');
    }
  }

  get #isOn(): boolean {
    return ssoBaseOf(this.#options.settings) !== '';
  }

  async #takeBack(request: LocalRequest): Promise<LocalAnswer<string>> {
    const flow = await this.#options.seal.openFlow(readCookie(request.headers, flowCookie) ?? '');
    // The browser forgets it. Whoever has kept a copy may come with it until it is too old; it is the code that is good once.
    const over = this.#cookie(request, '');
    const given = new URLSearchParams(request.query).get('state');
    if (flow === undefined || given !== flow.state) {
      this.#note(flow?.purpose, 'refused', new AppError('sso-expired'));
      return faultPage('sso-expired', flow === undefined ? undefined : againOf(flow.purpose));
    }
    try {
      const person = await this.#options.provider.finish(flow, request.query);
      return flow.purpose.for === 'dashboard'
        ? this.#letIn(request, person, flow.purpose.next)
        : await this.#askBack(flow, person, over);
    } catch (error) {
      const failed = toAppError(error);
      // The code may be good still: to load the page again is to try again.
      return this.#fail(flow.purpose, failed, failed.code === 'sso-unavailable' ? {} : over);
    }
  }

  #letIn(request: LocalRequest, person: Person, next: string): LocalAnswer<string> {
    const { cookies, settings, log } = this.#options;
    const role = roleOf(person, settings);
    if (role === undefined || !this.leadsToDashboard) throw new AppError('sso-group-missing');
    const name = person.email ?? person.name;
    const claims = cookies.begin({ name, role, by: 'sso', mark: this.#markOf(role) });
    this.#note({ for: 'dashboard', next }, 'accepted');
    log.info('login.completed', {
      provider: 'dashboard-sso',
      audit: { user: person.id, subject: name, client: request.client },
    });
    // The browser came from the provider, and would not send the cookie along with a redirect.
    return leadOn(next, { 'set-cookie': cookies.set(claims, request.secure) });
  }

  async #askBack(flow: Flow, person: Person, headers: Record<string, string>): Promise<LocalAnswer<string>> {
    if (flow.purpose.for !== 'session') throw new AppError('sso-expired');
    const { settings, seal } = this.#options;
    if (!isAmong(person.groups, settings.CT_SSO_SESSION_GROUPS)) throw new AppError('sso-group-missing');
    const { groups: _, ...known } = person;
    const confirmation = { ...known, pollToken: flow.purpose.pollToken };
    return confirmPage(confirmation, await seal.sealConfirmation(confirmation), headers);
  }

  async #takeConfirmation(request: LocalRequest): Promise<LocalAnswer<string>> {
    requireMethod(request, 'POST');
    const form = new URLSearchParams(await request.readBody(formMaxBytes));
    const found = await this.#options.seal.openConfirmation(form.get('login') ?? '');
    if (found === undefined || whereFrom(request) === 'foreign') return faultPage('sso-expired', undefined);
    const { pollToken, ...person } = found;
    try {
      await this.#confirm?.(pollToken, person);
    } catch (error) {
      return this.#fail({ for: 'session', pollToken }, toAppError(error), {});
    }
    this.#note({ for: 'session', pollToken }, 'accepted');
    return donePage();
  }

  /** Ends the login here first; what the provider says to its part is the provider's. */
  async #logOut(request: LocalRequest): Promise<LocalAnswer<string>> {
    const { cookies, provider } = this.#options;
    const headers = { 'set-cookie': cookies.clear(request.secure) };
    if (new URLSearchParams(request.query).get('state') === leftState) return leftPage(true, headers);
    const url = await provider.logoutUrl(this.#baseOf(request) + logoutPath, leftState);
    if (url === undefined) return leftPage(false, headers);
    return { status: 303, headers: { location: url, 'cache-control': 'no-store', ...headers }, body: '' };
  }

  #fail(purpose: Purpose, error: AppError, headers: Record<string, string>): LocalAnswer<string> {
    this.#note(purpose, error.code === 'sso-unavailable' ? 'failed' : 'refused', error);
    return faultPage(error.code, againOf(purpose), headers);
  }

  #note(purpose: Purpose | undefined, outcome: 'accepted' | 'refused' | 'failed', error?: AppError): void {
    const { metrics, log } = this.#options;
    metrics.count('ct_proxy_sso_logins_total', { for: purpose?.for ?? 'unknown', outcome });
    if (error === undefined) return;
    if (outcome === 'failed') log.error('sso.failed', { code: error.code, error });
    else log.info('login.refused', { provider: 'sso', code: error.code, cause: causeOf(error) });
  }

  #cookie(request: LocalRequest, value: string): Record<string, string> {
    const maxAgeSeconds = value === '' ? 0 : flowMaxSeconds;
    // It comes back by a link of the provider, which SameSite=Strict would keep it from.
    const attributes = { path: '/sso', maxAgeSeconds, secure: request.secure, sameSite: 'Lax' } as const;
    return { 'set-cookie': formatCookie(flowCookie, value, attributes) };
  }

  #baseOf({ secure, host }: LocalRequest): string {
    const { CT_SSO_APP_BASE_URL: own, CT_SERVER_URL: general } = this.#options.settings;
    const given = own || general;
    return given === '' ? `${secure ? 'https' : 'http'}://${host}` : given.replace(/\/$/, '');
  }

  #markOf(role: string): string {
    const { settings, cookies } = this.#options;
    const groups = role === 'admin' ? settings.CT_SSO_ADMIN_GROUPS : settings.CT_SSO_READER_GROUPS;
    return cookies.markOf(
      ['sso', ssoBaseOf(settings), settings.CT_SSO_CLIENT_ID, role, ...groups].join('\n'),
    );
  }
}

function againOf(purpose: Purpose): string {
  return purpose.for === 'dashboard'
    ? `/dashboard/sso?next=${encodeURIComponent(purpose.next)}`
    : `/api/login/sso?token=${encodeURIComponent(purpose.pollToken)}`;
}

/** One line for the log: the provider's own words, where they are short. */
function causeOf({ cause }: AppError): string {
  const {
    message = '',
    code = '',
    error = '',
  } = (cause ?? {}) as { message?: string; code?: string; error?: string };
  return [code, error, message]
    .filter((part) => part !== '')
    .join(': ')
    .slice(0, 200);
}
