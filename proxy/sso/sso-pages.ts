/** The few pages of single sign-on: is it you, you are in, and what went wrong. None runs a script. */
import { errorTable } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { LocalAnswer } from '../local-answer.ts';
import { escapeHtml, renderPage } from '../pages/page.ts';
import { pageAnswer } from '../pages/page-answer.ts';
import type { Confirmation } from './flow-cookie.ts';

type Headers = Readonly<Record<string, string>>;

function page(status: number, title: string, body: string, headers?: Headers): LocalAnswer<string> {
  return pageAnswer({ html: renderPage(title, body), status, forms: 'self', headers });
}

/**
 * Whoever sends somebody else a link to a login of their own would get in under that name: so the name is shown, and a click
 * asked for, before an editor gets it.
 */
export function confirmPage(
  { name, email }: Confirmation,
  sealed: string,
  headers: Headers,
): LocalAnswer<string> {
  const who = email === undefined ? name : `${name} (${email})`;
  const body = `<h1>Is it you?</h1>
    <p>An editor asks to be logged in as <strong>${escapeHtml(who)}</strong>.</p>
    <p class="soft">Go on only if you have just begun to log in yourself. Whoever sent you here would act in your name.</p>
    <form method="post" action="/sso/confirm"><input type="hidden" name="login" value="${escapeHtml(sealed)}"><button>Yes, log me in</button></form>`;
  return page(200, 'Log in', body, headers);
}

export function donePage(): LocalAnswer<string> {
  return page(200, 'Logged in', '<h1>You are logged in</h1><p>Go back to your editor.</p>');
}

/** `everywhere`: at the provider, too. */
export function leftPage(everywhere: boolean, headers: Headers): LocalAnswer<string> {
  const rest = everywhere ? '' : '<p>Your session at the provider may go on.</p>';
  const body = `<h1>You are logged out</h1>${rest}<p><a href="/">To the start page</a></p>`;
  return page(200, 'Logged out', body, headers);
}

/** With a way to begin again, where there is one. */
export function faultPage(
  code: ErrorCode,
  again: string | undefined,
  headers: Headers = {},
): LocalAnswer<string> {
  const { status, message, retry } = errorTable[code];
  const link = again === undefined ? '' : `<p><a href="${escapeHtml(again)}">Begin again</a></p>`;
  const body = `<h1>This login did not work</h1><p role="alert">${escapeHtml(message)}</p>${link}<p class="soft">${code}</p>`;
  return page(status, 'Log in', body, retry === 'later' ? { 'retry-after': '5', ...headers } : headers);
}
