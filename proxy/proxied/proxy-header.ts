/**
 * The header of the PROXY protocol, versions 1 and 2, as a proxy in front writes it before anything else of a connection.
 * Pure: bytes in, who the client is out. Source: HAProxy's doc/proxy-protocol.txt, sections 2.1 to 2.2.4; what that leaves
 * open is refused.
 */
import { SocketAddress, isIP } from 'node:net';
import { plainAddress } from '../core/client-address.ts';
import { crc32c } from './crc32c.ts';

export interface ProxiedClient {
  /** Undefined where the proxy speaks for itself (LOCAL), or does not say (UNKNOWN, a family that we do not know). */
  readonly address: string | undefined;
  /** The client came to the proxy over TLS. */
  readonly isSecure: boolean;
}

export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'read'; readonly length: number; readonly client: ProxiedClient }
  | { readonly kind: 'faulty'; readonly reason: string };

/** Section 2.1: the longest line there is, with its end. */
const lineMaxBytes = 107;
/** Section 2.2: signature, version and command, family, length. */
const fixedBytes = 16;
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** After the fixed part: addresses and a few dozen TLVs. The length field would allow 64 KiB. */
const variableMaxBytes = 4_096;
const beginOfLine = Buffer.from('PROXY ', 'latin1');
const crlf = '\r\n';

const incomplete = { kind: 'incomplete' } as const;
const ownEndpoints: ProxiedClient = { address: undefined, isSecure: false };

/** No header is longer; what a reader holds stays below it. */
export const proxyHeaderMaxBytes = fixedBytes + variableMaxBytes;

/** Reads the header off the beginning of what has come so far. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (beginsLike(bytes, signature)) return readBinary(bytes);
  if (beginsLike(bytes, beginOfLine)) return readLine(bytes);
  return faulty('no header');
}

function beginsLike(bytes: Buffer, what: Buffer): boolean {
  const length = Math.min(bytes.length, what.length);
  return bytes.compare(what, 0, length, 0, length) === 0;
}

function readLine(bytes: Buffer): ProxyHeader {
  const text = bytes.toString('latin1', 0, Math.min(bytes.length, lineMaxBytes));
  const end = text.indexOf(crlf);
  if (end === -1) return text.length < lineMaxBytes ? incomplete : faulty('the line is too long');
  const length = end + crlf.length;
  const line = text.slice(0, end);
  // What follows UNKNOWN is to be ignored up to the end of the line.
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN '))
    return { kind: 'read', length, client: ownEndpoints };
  const [, protocol, source = '', target = '', ...rest] = line.split(' ');
  const family = protocol === 'TCP4' ? 4 : protocol === 'TCP6' ? 6 : undefined;
  if (family === undefined) return faulty('the family is unknown');
  if (rest.length !== 2 || !rest.every(isPort)) return faulty('the line is malformed');
  if (!isPlainAddress(source, family) || !isPlainAddress(target, family))
    return faulty('an address is malformed');
  return { kind: 'read', length, client: { address: canonical(source, family), isSecure: false } };
}

/** Decimal, without leading zeros. */
function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

function isPlainAddress(text: string, family: 4 | 6): boolean {
  return isIP(text) === family && !text.includes('%');
}

/** As all other addresses are written here. */
function canonical(address: string, family: 4 | 6): string {
  if (family === 4) return address;
  return plainAddress(new SocketAddress({ address, family: 'ipv6' }).address);
}

function readBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < fixedBytes) return incomplete;
  const version = bytes[12]! >> 4;
  const command = bytes[12]! & 0x0f;
  if (version !== 2 || command > 1) return faulty('the version or command is unknown');
  const length = fixedBytes + bytes.readUInt16BE(14);
  if (length > proxyHeaderMaxBytes) return faulty('the header is too long');
  if (bytes.length < length) return incomplete;
  const header = bytes.subarray(0, length);
  const client = command === 0 ? ownEndpoints : readProxied(header);
  return typeof client === 'string' ? faulty(client) : { kind: 'read', length, client };
}

/** Bytes of the addresses, by family and transport (section 2.2). */
const addressBytes: ReadonlyMap<number, number> = new Map([
  [0x00, 0],
  [0x11, 12],
  [0x12, 12],
  [0x21, 36],
  [0x22, 36],
  [0x31, 216],
  [0x32, 216],
]);
const tcp4 = 0x11;
const tcp6 = 0x21;

/** Who the client is, or what is wrong. */
function readProxied(header: Buffer): ProxiedClient | string {
  const family = header[13]!;
  const length = addressBytes.get(family);
  if (length === undefined) return 'the family is unknown';
  const addresses = header.subarray(fixedBytes, fixedBytes + length);
  if (addresses.length < length) return 'the addresses are cut short';
  const extras = readExtras(header, fixedBytes + length);
  if (typeof extras === 'string') return extras;
  const { isSecure } = extras;
  if (family === tcp4) return { address: addresses.subarray(0, 4).join('.'), isSecure };
  if (family === tcp6) return { address: canonical(writeIpv6(addresses.subarray(0, 16)), 6), isSecure };
  return { address: undefined, isSecure };
}

function writeIpv6(bytes: Buffer): string {
  const groups: string[] = [];
  for (let at = 0; at < bytes.length; at += 2) groups.push(bytes.readUInt16BE(at).toString(16));
  return groups.join(':');
}

const checksumType = 0x03;
const checksumBytes = 4;
const tlsType = 0x20;
const tlsClientBit = 0x01;
const extraHeadBytes = 3;

/** The TLVs (section 2.2.1 on): all well-formed, a checksum right, the rest skipped. */
function readExtras(header: Buffer, from: number): { readonly isSecure: boolean } | string {
  let isSecure = false;
  let hasChecksum = false;
  let at = from;
  while (at < header.length) {
    if (at + extraHeadBytes > header.length) return 'a TLV is cut short';
    const type = header[at]!;
    const start = at + extraHeadBytes;
    at = start + header.readUInt16BE(at + 1);
    if (at > header.length) return 'a TLV is cut short';
    if (type === tlsType && at > start) isSecure = (header[start]! & tlsClientBit) !== 0;
    if (type !== checksumType) continue;
    if (hasChecksum || at - start !== checksumBytes) return 'the checksum is malformed';
    hasChecksum = true;
    if (!hasRightChecksum(header, start)) return 'the checksum is wrong';
  }
  return { isSecure };
}

/** Section 2.2.3: of the whole header, with zeros where the checksum stands. */
function hasRightChecksum(header: Buffer, at: number): boolean {
  const blank = Buffer.from(header);
  blank.fill(0, at, at + checksumBytes);
  return crc32c(blank) === header.readUInt32BE(at);
}

function faulty(reason: string): ProxyHeader {
  return { kind: 'faulty', reason };
}
