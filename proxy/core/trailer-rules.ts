/**
 * Which fields may stand behind a body (RFC 9110 section 6.5.1): none that frames, routes, authenticates or changes how what
 * came before it is read, none that the front door writes itself. What may not is dropped.
 */
import { internalHeaderPrefix } from '#shared/internal-headers.ts';
import type { HeaderList } from './header-list.ts';

const refusedNames: ReadonlySet<string> = new Set(
  (
    'connection keep-alive proxy-connection te trailer transfer-encoding upgrade host http2-settings ' +
    'content-length content-encoding content-type content-range authorization proxy-authorization ' +
    'proxy-authenticate www-authenticate cookie set-cookie expect max-forwards range cache-control location ' +
    'retry-after vary date age pragma expires ctstickiness forwarded x-real-ip x-oct-jwt x-oct-public-key'
  ).split(' '),
);
const refusedPrefixes = [internalHeaderPrefix, 'x-forwarded-', 'sec-websocket-', 'if-', ':'];

/** Names are in lower case. */
export function permittedTrailers(fields: HeaderList): string[] {
  const permitted: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.replaceAll('_', '-');
    const isRefused = refusedNames.has(name) || refusedPrefixes.some((prefix) => name.startsWith(prefix));
    if (!isRefused) permitted.push(fields[i]!, fields[i + 1]!);
  }
  return permitted;
}

/** As lines, each with its end. */
export function trailerLines(fields: HeaderList): string {
  const permitted = permittedTrailers(fields);
  let lines = '';
  for (let i = 0; i < permitted.length; i += 2) lines += `${permitted[i]!}: ${permitted[i + 1]!}\r\n`;
  return lines;
}
