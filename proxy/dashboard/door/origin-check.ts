/**
 * Whether a request that changes something comes from a page of this server. Browsers say so themselves, by `Origin` and
 * `Sec-Fetch-Site`, and no page can change what they say; the token is looked at besides.
 */
import type { LocalRequest } from '../../local-answer.ts';
import { headerValues } from '../../core/header-list.ts';

/** `unsaid`: it is no browser of these years. */
export type Claimed = 'own' | 'foreign' | 'unsaid';

export function whereFrom(request: LocalRequest): Claimed {
  const origins = headerValues(request.headers, 'origin');
  const sites = headerValues(request.headers, 'sec-fetch-site');
  if (sites.some((site) => site !== 'same-origin')) return 'foreign';
  if (origins.some((origin) => !isOwn(origin, request.host))) return 'foreign';
  return origins.length > 0 || sites.length > 0 ? 'own' : 'unsaid';
}

/** A link on a page of somebody else led here: the browser keeps a cookie of SameSite=Strict to itself. */
export function isLedByStranger({ method, headers }: LocalRequest): boolean {
  const site = headerValues(headers, 'sec-fetch-site')[0];
  const mode = headerValues(headers, 'sec-fetch-mode')[0];
  return method === 'GET' && mode === 'navigate' && (site === 'cross-site' || site === 'same-site');
}

/** The scheme is not compared: what ends TLS in front of us may not say that it does. */
function isOwn(origin: string, host: string): boolean {
  const url = URL.parse(origin);
  if (url === null || host === '') return false;
  return url.host === URL.parse(`${url.protocol}//${host}`)?.host;
}
