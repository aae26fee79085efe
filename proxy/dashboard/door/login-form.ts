/** The page that asks for user and password, and the one that leads a browser on within this server. No script is needed. */
import type { LocalAnswer } from '../../local-answer.ts';
import { escapeHtml, renderPage } from '../../pages/page.ts';
import { pageAnswer } from '../../pages/page-answer.ts';

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
  return pageAnswer({ html: renderPage('Log in', body), status, forms: 'self', headers });
}

/**
 * A page that goes on to `path` by itself. Of the request that follows, this server is the origin, so that the browser
 * adds the cookie, which it keeps to itself after a link or a redirect from elsewhere.
 */
export function leadOn(path: string, headers: Readonly<Record<string, string>> = {}): LocalAnswer<string> {
  const url = escapeHtml(path);
  const body = `<p><a href="${url}">Go on</a></p>`;
  const refresh = `<meta http-equiv="refresh" content="0;url=${url}">`;
  return pageAnswer({ html: renderPage('One moment', body, refresh), headers });
}
