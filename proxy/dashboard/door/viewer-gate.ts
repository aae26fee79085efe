/**
 * The gate of the dashboard: whatever is below `/dashboard` and `/logs` on the port for clients is asked for through it. It
 * answers login and logout itself, and refuses who is nobody, or whose request does not come from a page of this server.
 */
import { AppError } from '#shared/errors.ts';
import { secretsEqual } from '#shared/fleet-secrets.ts';
import { readCookie } from '../../core/cookie.ts';
import { headerValues } from '../../core/header-list.ts';
import { json, requireMethod } from '../../local-answer.ts';
import type { LocalAnswer, LocalRequest } from '../../local-answer.ts';
import type { SignOn } from '../../sso/sign-on.ts';
import { leadOn } from './login-form.ts';
import { isLedByStranger, whereFrom } from './origin-check.ts';
import { nextPath } from './password-login.ts';
import type { PasswordLogin } from './password-login.ts';
import { viewerCookie } from './viewer-cookie.ts';
import type { Claims, ViewerCookies } from './viewer-cookie.ts';
import type { AnswerViewer, Viewer } from './viewer.ts';

interface GateOptions {
  readonly cookies: ViewerCookies;
  readonly passwords: PasswordLogin;
  readonly signOn: SignOn;
  readonly behind: { readonly dashboard: AnswerViewer; readonly logs: AnswerViewer };
}

interface Admitted {
  readonly viewer: Viewer;
  /** A cookie that takes the place of the one that came. */
  readonly renewed?: string | undefined;
}

const formMaxBytes = 8_192;
const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD';

export class ViewerGate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  async answer(request: LocalRequest): Promise<LocalAnswer> {
    // Below a session's prefix there is no dashboard.
    if (!request.target.startsWith(request.path)) throw new AppError('not-found');
    const answer = await this.#answer(request);
    return { ...answer, headers: { ...protection, ...answer.headers } };
  }

  async #answer(request: LocalRequest): Promise<LocalAnswer> {
    const { path } = request;
    const { passwords, signOn, behind } = this.#options;
    const isOfScript = headerValues(request.headers, 'authorization').length > 0;
    if (path === '/dashboard/login') return await passwords.answer(request);
    if (path.startsWith('/sso/')) return await signOn.answer(request);
    if (path === '/dashboard/sso') return await this.#beginSignOn(request);
    if (path === '/dashboard') return seeOther('/dashboard/');
    // The cookie is for one path alone.
    if (path === '/logs' || path === '/dashboard/logs') return seeOther(`${path}/`);
    if (path.startsWith('/logs/') && !isOfScript) return seeOther(`/dashboard${request.target}`);
    if (!isOfScript && isLedByStranger(request)) return leadOn(request.target);
    const admitted = await this.#admit(request);
    if (admitted === undefined) return this.#turnAway(request);
    const { viewer, renewed } = admitted;
    if (path === '/dashboard/logout') return await this.#logout(request, viewer);
    if (!isSafe(request.method)) requireOwn(request, viewer);
    const answer = await this.#answerViewer(viewer, request, behind);
    return renewed === undefined
      ? answer
      : { ...answer, headers: { ...answer.headers, 'set-cookie': renewed } };
  }

  async #answerViewer(
    viewer: Viewer,
    request: LocalRequest,
    behind: GateOptions['behind'],
  ): Promise<LocalAnswer> {
    const { path } = request;
    if (path === '/dashboard/viewer') {
      requireMethod(request, 'GET');
      const { name, role, by, csrf } = viewer;
      return json(200, { name, role, by, csrf });
    }
    if (path.startsWith('/logs/')) return await behind.logs(viewer, request);
    if (!path.startsWith('/dashboard/logs/')) return await behind.dashboard(viewer, request);
    return await behind.logs(viewer, { ...request, path: path.slice('/dashboard'.length) });
  }

  /** Undefined where it is nobody. */
  async #admit(request: LocalRequest): Promise<Admitted | undefined> {
    const { passwords, cookies } = this.#options;
    const [authorization] = headerValues(request.headers, 'authorization');
    if (authorization !== undefined) {
      const account = await passwords.verifyBasic(request, authorization);
      if (account === undefined) return undefined;
      const isStillIn = (): boolean => passwords.accountOf(account.user)?.password === account.password;
      return { viewer: { name: account.user, role: account.role, by: 'basic', csrf: '', isStillIn } };
    }
    await passwords.prepare();
    const claims = cookies.read(readCookie(request.headers, viewerCookie) ?? '');
    if (claims === undefined || !this.#stillKnows(claims)) return undefined;
    const isStillIn = (): boolean => cookies.holds(claims) && this.#stillKnows(claims);
    const { name, role, by } = claims;
    const renewed = cookies.renew(claims);
    return {
      viewer: { name, role, by, csrf: cookies.csrfOf(claims), isStillIn },
      renewed: renewed === undefined ? undefined : cookies.set(renewed, request.secure),
    };
  }

  #stillKnows(claims: Claims): boolean {
    const { passwords, signOn } = this.#options;
    return claims.by === 'sso' ? signOn.stillKnows(claims) : passwords.stillKnows(claims);
  }

  async #beginSignOn(request: LocalRequest): Promise<LocalAnswer> {
    const { signOn } = this.#options;
    if (!signOn.leadsToDashboard) throw new AppError('not-found');
    const next = nextPath(new URLSearchParams(request.query).get('next'));
    return await signOn.begin(request, { for: 'dashboard', next });
  }

  /** Of editors, too. */
  get signOn(): SignOn {
    return this.#options.signOn;
  }

  /** People are shown where to log in; programs are told the code. */
  #turnAway(request: LocalRequest): LocalAnswer {
    const { method, headers, path, target } = request;
    const isPage = headerValues(headers, 'accept').some((value) => value.includes('text/html'));
    if (path === '/dashboard/logout') return seeOther('/dashboard/login');
    if (isSafe(method) && isPage && headerValues(headers, 'authorization').length === 0)
      return seeOther(`/dashboard/login?next=${encodeURIComponent(target)}`);
    const { status, message } = new AppError('login-needed').entry;
    // In a browser this would open a window that asks for a password, and keeps it until the browser ends.
    const isBrowser = headerValues(headers, 'user-agent').some((value) => value.startsWith('Mozilla/'));
    const challenge = { 'www-authenticate': 'Basic realm="dashboard", charset="UTF-8"' };
    return json(status, { code: 'login-needed', message, params: [] }, isBrowser ? {} : challenge);
  }

  async #logout(request: LocalRequest, viewer: Viewer): Promise<LocalAnswer> {
    requireMethod(request, 'POST');
    const form = new URLSearchParams(await request.readBody(formMaxBytes));
    requireOwn(request, viewer, form.get('csrf') ?? undefined);
    this.#options.passwords.noteLogout(viewer, request);
    const cleared = { 'set-cookie': this.#options.cookies.clear(request.secure) };
    // Its provider would let whoever is next at this screen in as the same person. It is elsewhere, where no form may lead.
    return viewer.by === 'sso' ? leadOn('/sso/logout', cleared) : seeOther('/dashboard/login', cleared);
  }
}

/** Throws `csrf-refused`. What a script sends with its password comes from no page, and may say nothing of where it comes from. */
function requireOwn(request: LocalRequest, viewer: Viewer, field?: string): void {
  const from = whereFrom(request);
  const token = field ?? headerValues(request.headers, 'x-csrf-token')[0] ?? '';
  const isOwn =
    viewer.by === 'basic' ? from !== 'foreign' : from === 'own' && secretsEqual(token, viewer.csrf);
  if (!isOwn) throw new AppError('csrf-refused', { facts: { from } });
}

function seeOther(location: string, more: Readonly<Record<string, string>> = {}): LocalAnswer {
  return { status: 303, headers: { location, 'cache-control': 'no-store', ...more }, body: '' };
}

/**
 * What every answer has that does not bring its own. Scripts and styles are files of this server, nothing is inline; pictures may
 * be drawn into the page.
 */
const protection = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  // With no-referrer a browser would hide the origin of forms from us, too (`test/system/sso-sessions.test.ts`).
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
};
