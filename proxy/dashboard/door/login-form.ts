/** The page that asks for user and password, and the one that leads a browser on within this server. No script is needed. */
import { styleSource } from '../../pages/page.ts';
import { escapeHtml, renderPage } from '../../pages/page.ts';
import type { LocalAnswer } from '../../local-answer.ts';

interface LoginForm {
  readonly token: string;
  /** Where to go afterwards: a path of this server. */
  readonly next: string;
  /** What went wrong before. */
  readonly fault?: string;
  readonly hasSignOn: boolean;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const policy = `default-src 'none'; style-src ${styleSource}; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`;
const type = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': policy,
};

export function loginForm({
  token,
  next,
  fault,
  hasSignOn,
  status,
  headers,
}: LoginForm): LocalAnswer<string> {
  const body = `<h1>Log in</h1><p class="soft">The dashboard of this server.</p>
    ${fault === undefined ? '' : `<p role="alert"><strong>${escapeHtml(fault)}</strong></p>`}
    ${hasSignOn ? `<p class="card"><a href="/dashboard/sso?next=${escapeHtml(encodeURIComponent(next))}">Log in with single sign-on</a></p>` : ''}
    <form class="card" method="post" action="/dashboard/login">
    <input type="hidden" name="csrf" value="${escapeHtml(token)}"><input type="hidden" name="next" value="${escapeHtml(next)}">
    <label for="user">User</label><input id="user" name="user" required maxlength="128" autocomplete="username" autocapitalize="none" spellcheck="false"${fault === undefined ? ' autofocus' : ''}>
    <label for="password">Password</label><input id="password" name="password" type="password" required maxlength="1024" autocomplete="current-password">
    <button>Log in</button></form>`;
  return { status, headers: { ...type, ...headers }, body: renderPage('Log in', body) };
}

/**
 * A page that goes on to `path` by itself. Of the request that follows, this server is the origin, so that the browser
 * adds the cookie, which it keeps to itself after a link or a redirect from elsewhere.
 */
export function leadOn(path: string, headers: Readonly<Record<string, string>> = {}): LocalAnswer<string> {
  const url = escapeHtml(path);
  const page = renderPage('One moment', `<p><a href="${url}">Go on to the dashboard</a></p>`);
  const body = page.replace('<head>', `<head><meta http-equiv="refresh" content="0;url=${url}">`);
  return { status: 200, headers: { ...type, ...headers }, body };
}
