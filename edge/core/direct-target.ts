/**
 * What a request of a direct client shows: its ticket, by header or query, the target without it, and every key that it
 * names by header, cookie, query or path prefix, all of which must be the ticket's. What a path or a token of one protocol names besides
 * is its adapter's to check.
 */
import { ticketHeader, ticketParameter } from '#shared/tickets.ts';

export type DirectTarget =
  | {
      readonly kind: 'ticket';
      readonly ticket: string;
      readonly target: string;
      readonly keys: readonly string[];
    }
  | { readonly kind: 'refused'; readonly code: 'ticket-missing' | 'ticket-invalid' };

const keyName = 'ctstickiness';
/** Percent-encoding in a path would be read differently by whoever decodes it. */
const plainPath = /^\/[A-Za-z0-9._~/-]*$/;

export function readDirectTarget(url: string, rawHeaders: readonly string[]): DirectTarget {
  const at = url.indexOf('?');
  const path = at === -1 ? url : url.slice(0, at);
  const query = new URLSearchParams(at === -1 ? '' : url.slice(at + 1));
  const tickets = [...headerValues(rawHeaders, ticketHeader), ...query.getAll(ticketParameter)];
  if (tickets.length === 0) return { kind: 'refused', code: 'ticket-missing' };
  if (new Set(tickets).size > 1 || !plainPath.test(path) || path.includes('/..') || path.includes('/./'))
    return { kind: 'refused', code: 'ticket-invalid' };
  query.delete(ticketParameter);
  const prefix = /^\/~([^/]*)/.exec(path)?.[1];
  const keys = [
    ...(prefix === undefined ? [] : [prefix]),
    ...headerValues(rawHeaders, keyName),
    ...query.getAll(keyName),
    // An id of Engine.IO is `KEY~id`; ids have no `~`.
    ...query.getAll('sid').map((sid) => sid.slice(0, Math.max(0, sid.lastIndexOf('~')))),
  ];
  const rest = query.toString();
  return { kind: 'ticket', ticket: tickets[0]!, target: rest === '' ? path : `${path}?${rest}`, keys };
}

function headerValues(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, i, all) => i % 2 === 1 && all[i - 1]!.toLowerCase() === name);
}
