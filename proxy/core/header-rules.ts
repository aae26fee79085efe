/**
 * Heads on their way through: hop-by-hop and internal headers out, forwarded and internal ones in, the
 * session key handed back. Knows lists of headers and nothing of the wire that carries them.
 */
import { internalHeaderPrefix, internalHeaders } from '#shared/internal-headers.ts';
import type { AffinityKey } from '#shared/ids.ts';
import { affinityName } from './affinity-key.ts';
import { headerTokens } from './header-list.ts';
import type { HeaderList } from './header-list.ts';

/** RFC 9110 section 7.6.1, and what was common before it. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Written anew for every request. `expect` is answered by the front door itself. */
const forwardedNames = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'expect',
]);

export interface InternalFields {
  readonly key: AffinityKey;
  readonly epoch: number;
  /** `edge:incarnation`. */
  readonly owner: string;
  readonly pass: string;
  readonly exchangeId: string;
}

export interface ForwardedFields {
  /** Addresses from the client to the last proxy before us, in order. */
  readonly chain: readonly string[];
  readonly host: string;
  readonly proto: 'http' | 'https';
}

/** The head for the upstream. Static backends get no internal fields (undefined). */
export function upstreamHeaders(
  headers: HeaderList,
  forwarded: ForwardedFields,
  internal: InternalFields | undefined,
  upgrade: string | undefined,
): string[] {
  const kept = endToEndHeaders(headers, (name) => forwardedNames.has(name));
  kept.push('x-forwarded-for', forwarded.chain.join(', '));
  kept.push('x-forwarded-proto', forwarded.proto);
  kept.push('x-real-ip', forwarded.chain[0] ?? '');
  if (forwarded.host !== '') kept.push('x-forwarded-host', forwarded.host);
  kept.push('forwarded', formatForwarded(forwarded));
  if (internal !== undefined) {
    kept.push(internalHeaders.key, internal.key);
    kept.push(internalHeaders.epoch, String(internal.epoch));
    kept.push(internalHeaders.owner, internal.owner);
    kept.push(internalHeaders.pass, internal.pass);
    kept.push(internalHeaders.exchange, internal.exchangeId);
  }
  if (upgrade !== undefined) kept.push('connection', 'Upgrade', 'upgrade', upgrade);
  return kept;
}

/** The head for the client, with the session key and, where one is due, the cookie. */
export function downstreamHeaders(
  headers: HeaderList,
  handBack: { key: AffinityKey; cookie: string | undefined },
  upgrade: string | undefined,
): string[] {
  const kept = endToEndHeaders(headers, (name) => name === affinityName);
  kept.push(affinityName, handBack.key);
  if (handBack.cookie !== undefined) kept.push('set-cookie', handBack.cookie);
  if (upgrade !== undefined) kept.push('connection', 'Upgrade', 'upgrade', upgrade);
  return kept;
}

/** The cookie that hands a key to a browser; `path` keeps two sessions in two tabs apart. */
export function affinityCookie(key: AffinityKey, path: string, secure: boolean): string {
  return `${affinityName}=${key}; Path=${path}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
}

function endToEndHeaders(headers: HeaderList, isDropped: (name: string) => boolean): string[] {
  const nominated = headerTokens(headers, 'connection');
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!.toLowerCase();
    if (hopByHop.has(name) || name.startsWith(internalHeaderPrefix)) continue;
    if (nominated.includes(name) || isDropped(name)) continue;
    kept.push(headers[i]!, headers[i + 1]!);
  }
  return kept;
}

/** RFC 7239 section 4; IPv6 addresses stand quoted in brackets. */
function formatForwarded(fields: ForwardedFields): string {
  const elements = fields.chain.map((address) => `for=${address.includes(':') ? `"[${address}]"` : address}`);
  const last = elements.length - 1;
  if (last >= 0) {
    const host = fields.host === '' ? '' : `;host="${fields.host}"`;
    elements[last] += `;proto=${fields.proto}${host}`;
  }
  return elements.join(', ');
}
