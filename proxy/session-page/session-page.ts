/**
 * The session page: an Open Collaboration client for browsers, at `/~KEY/` for those who join and at `/session/` for those who begin.
 * Its files are of the front door and place no key; what it asks for by itself is placed like any client's.
 */
import { randomBytes } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import { parseAffinityKey } from '#shared/ids.ts';
import { BuiltPages } from '../dashboard/built-pages.ts';
import { builtSessionPage } from '../dashboard/built-folder.ts';
import { requireMethod } from '../local-answer.ts';
import type { LocalAnswer, LocalRequest } from '../local-answer.ts';

const top = '/session/';
const joinPath = `${top}join`;
const nonceBytes = 16;

const always = { 'referrer-policy': 'same-origin', 'x-content-type-options': 'nosniff' };

/** The editor writes its styles by itself, under a nonce of this answer; everything else is files of this server. */
function contentPolicy(nonce: string): string {
  return `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`;
}

export class SessionPage {
  readonly #files = new BuiltPages(builtSessionPage);

  /** Throws `not-found` and `method-refused`. */
  answer(request: LocalRequest): LocalAnswer {
    const { path, target } = request;
    if (path === joinPath) return leadTo(request);
    if (path.startsWith(top) && path !== top) return this.#file(path.slice(top.length), request);
    requireMethod(request, 'GET');
    const [place, query] = target.split(/(?=\?)/, 2) as [string, string?];
    // What the page asks for is relative to its folder.
    if (!place.endsWith('/'))
      return { status: 308, headers: { location: `${place}/${query ?? ''}` }, body: '' };
    const page = this.#files.text('index.html');
    if (page === undefined) return this.#file('index.html', request);
    const nonce = randomBytes(nonceBytes).toString('base64url');
    const headers = {
      ...always,
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': contentPolicy(nonce),
    };
    return { status: 200, headers, body: page.replace('NONCE', nonce) };
  }

  #file(name: string, request: LocalRequest): LocalAnswer {
    const answer = this.#files.answer(name, request);
    return { ...answer, headers: { ...always, ...answer.headers } };
  }
}

/** From the form of the start page: a code, or a link that somebody sent, to the page or for editors. Throws `key-invalid`. */
function leadTo(request: LocalRequest): LocalAnswer {
  requireMethod(request, 'GET');
  const text = (new URLSearchParams(request.query).get('code') ?? '').trim().replace(/\/$/, '');
  const key = parseAffinityKey(text.replace(/^https?:\/\/.*(?:\/~|#)/, ''));
  if (key === undefined) throw new AppError('key-invalid');
  return { status: 303, headers: { location: `/~${key}/`, 'cache-control': 'no-store' }, body: '' };
}
