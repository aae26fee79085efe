/**
 * Heads on their way through: hop-by-hop and internal headers out, forwarded and internal ones in, the
 * session key handed back. Knows lists of headers and nothing of the wire that carries them.
 */
import { internalHeaderPrefix, internalHeaders } from '#shared/internal-headers.ts';
import type { AffinityKey } from '#shared/ids.ts';
import { affinityName } from './affinity-key.ts';
import { headerTokens } from './header-list.ts';
import type { HeaderList } from './header-list.ts';
import { strictTransportName } from './strict-transport.ts';

/** RFC 9110 section 7.6.1, and what was common before it. */
const hopByHop = [
  'connection',
  'keep-alive',
  'http2-settings',
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
/** Where we have a policy of our own: a second field would be one too many (RFC 6797 section 8.1). */
const droppedWithPolicy: ReadonlySet<string> = new Set([...droppedDownstream, strictTransportName]);

export interface InternalFields {
  readonly key: AffinityKey;
  readonly epoch: number;
  /** `edge:incarnation`. */
  readonly owner: string;
  readonly pass: string;
  readonly exchangeId: string;
  /** The key was placed by this exchange. */
  readonly isNew?: boolean;
}

export interface ForwardedFields {
  /** Addresses from the client to the last proxy before us, in order. */
  readonly chain: readonly string[];
  readonly host: string;
  readonly proto: 'http' | 'https';
  /** Of the client's certificate, where it has shown one. */
  readonly subject?: string | undefined;
}

/** What becomes of a head on its way. */
export interface HeadEdit {
  /** Fields taken out, by their number in it (ascending). */
  readonly dropped: readonly number[];
  /** Fields added, as the lines that they are. */
  readonly added: string;
  /** Of an upgrade: the protocol, where the head is to ask for it or to agree. */
  readonly upgrade?: string | undefined;
}

/** The head for the upstream. Static backends get no internal fields (undefined). */
export function editForUpstream(
  headers: HeaderList,
  forwarded: ForwardedFields,
  internal: InternalFields | undefined,
  upgrade: string | undefined,
): HeadEdit {
  const { chain, proto, host } = forwarded;
  const first = chain[0] ?? '';
  const list = chain.length === 1 ? first : chain.join(', ');
  let added = `x-forwarded-for: ${list}\r\nx-forwarded-proto: ${proto}\r\nx-real-ip: ${first}\r\n`;
  if (host !== '') added += `x-forwarded-host: ${host}\r\n`;
  added += `forwarded: ${formatForwarded(forwarded)}\r\n`;
  if (forwarded.subject !== undefined) added += `${internalHeaders.subject}: ${forwarded.subject}\r\n`;
  if (internal !== undefined) added += formatInternal(internal);
  return { dropped: findDropped(headers, droppedUpstream), added, upgrade };
}

/** The head for the client, with the session key and, where they are due, the cookie and HSTS. */
export function editForClient(
  headers: HeaderList,
  handBack: { key: AffinityKey; cookie: string | undefined; strictTransport?: string },
  upgrade: string | undefined,
): HeadEdit {
  const cookie = handBack.cookie === undefined ? '' : `set-cookie: ${handBack.cookie}\r\n`;
  const added = `${affinityName}: ${handBack.key}\r\n${cookie}`;
  const { strictTransport = '' } = handBack;
  if (strictTransport === '') return { dropped: findDropped(headers, droppedDownstream), added, upgrade };
  const policy = `${strictTransportName}: ${strictTransport}\r\n`;
  return { dropped: findDropped(headers, droppedWithPolicy), added: added + policy, upgrade };
}

/** The cookie that hands a key to a browser; `path` keeps two sessions in two tabs apart. */
export function affinityCookie(key: AffinityKey, path: string, secure: boolean): string {
  return `${affinityName}=${key}; Path=${path}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
}

function formatInternal({ key, epoch, owner, pass, exchangeId, isNew }: InternalFields): string {
  const { key: keyName, epoch: epochName, owner: ownerName, pass: passName, exchange } = internalHeaders;
  const whose = `${keyName}: ${key}\r\n${epochName}: ${epoch}\r\n${ownerName}: ${owner}\r\n`;
  const fresh = isNew === true ? `${internalHeaders.fresh}: 1\r\n` : '';
  return `${whose}${passName}: ${pass}\r\n${exchange}: ${exchangeId}\r\n${fresh}`;
}

function findDropped(headers: HeaderList, names: ReadonlySet<string>): number[] {
  // An answer whose length went with it would have no end on a connection that stays: a part of it, or the next one, would be its body.
  const nominated = headerTokens(headers, 'connection').filter((name) => name !== 'content-length');
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
