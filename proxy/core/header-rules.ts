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
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
/** Written anew for every request. `expect` is answered by the front door itself. */
const droppedUpstream: ReadonlySet<string> = new Set([
  ...hopByHop,
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'expect',
]);
const droppedDownstream: ReadonlySet<string> = new Set([...hopByHop, affinityName]);

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

/** What becomes of a head on its way: fields taken out, by their number in it (ascending), and fields added. */
export interface HeadEdit {
  readonly dropped: readonly number[];
  readonly added: HeaderList;
}

/** The head for the upstream. Static backends get no internal fields (undefined). */
export function editForUpstream(
  headers: HeaderList,
  forwarded: ForwardedFields,
  internal: InternalFields | undefined,
  upgrade: string | undefined,
): HeadEdit {
  const { chain, proto } = forwarded;
  const first = chain[0] ?? '';
  const list = chain.length === 1 ? first : chain.join(', ');
  const added = ['x-forwarded-for', list, 'x-forwarded-proto', proto, 'x-real-ip', first];
  if (forwarded.host !== '') added.push('x-forwarded-host', forwarded.host);
  added.push('forwarded', formatForwarded(forwarded));
  if (internal !== undefined) {
    added.push(internalHeaders.key, internal.key);
    added.push(internalHeaders.epoch, String(internal.epoch));
    added.push(internalHeaders.owner, internal.owner);
    added.push(internalHeaders.pass, internal.pass);
    added.push(internalHeaders.exchange, internal.exchangeId);
  }
  if (upgrade !== undefined) added.push('connection', 'Upgrade', 'upgrade', upgrade);
  return { dropped: findDropped(headers, droppedUpstream), added };
}

/** The head for the client, with the session key and, where one is due, the cookie. */
export function editForClient(
  headers: HeaderList,
  handBack: { key: AffinityKey; cookie: string | undefined },
  upgrade: string | undefined,
): HeadEdit {
  const added: string[] = [affinityName, handBack.key];
  if (handBack.cookie !== undefined) added.push('set-cookie', handBack.cookie);
  if (upgrade !== undefined) added.push('connection', 'Upgrade', 'upgrade', upgrade);
  return { dropped: findDropped(headers, droppedDownstream), added };
}

/** The cookie that hands a key to a browser; `path` keeps two sessions in two tabs apart. */
export function affinityCookie(key: AffinityKey, path: string, secure: boolean): string {
  return `${affinityName}=${key}; Path=${path}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
}

function findDropped(headers: HeaderList, names: ReadonlySet<string>): number[] {
  const nominated = headerTokens(headers, 'connection');
  const dropped: number[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!.toLowerCase();
    if (names.has(name) || name.startsWith(internalHeaderPrefix) || nominated.includes(name))
      dropped.push(i >> 1);
  }
  return dropped;
}

/** RFC 7239 section 4; IPv6 addresses stand quoted in brackets. */
function formatForwarded(fields: ForwardedFields): string {
  let elements = '';
  for (const address of fields.chain) {
    if (elements !== '') elements += ', ';
    elements += address.includes(':') ? `for="[${address}]"` : `for=${address}`;
  }
  if (elements === '') return '';
  const host = fields.host === '' ? '' : `;host="${fields.host}"`;
  return `${elements};proto=${fields.proto}${host}`;
}
