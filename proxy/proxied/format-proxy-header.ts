/** Writes the header of the PROXY protocol for a static backend that wants one. Source: HAProxy's doc/proxy-protocol.txt. */
import { isIP } from 'node:net';
import { crc32c } from './crc32c.ts';
import type { ProxiedClient } from './proxy-header.ts';

export type ProxyVersion = 'v1' | 'v2';

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const localCommand = 0x20;
const proxyCommand = 0x21;
const tcp4 = 0x11;
const tcp6 = 0x21;
const checksumType = 0x03;
const tlsType = 0x20;

/**
 * The header of a connection that carries one client's exchange; without an address, of one of our own, as a check is. Ports
 * and our own address are not told: they are zero, which no receiver may take for more than it is.
 */
export function formatProxyHeader(version: ProxyVersion, client: ProxiedClient): Buffer {
  return version === 'v1' ? formatLine(client) : formatBinary(client);
}

function formatLine({ address }: ProxiedClient): Buffer {
  const family = isIP(address ?? '');
  if (family === 0) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const target = family === 4 ? '0.0.0.0' : '::';
  return Buffer.from(`PROXY TCP${family} ${address} ${target} 0 0\r\n`, 'latin1');
}

function formatBinary({ address = '', isSecure }: ProxiedClient): Buffer {
  const family = isIP(address);
  if (family === 0) return Buffer.concat([signature, Buffer.from([localCommand, 0, 0, 0])]);
  const source = family === 4 ? Buffer.from(address.split('.').map(Number)) : readIpv6(address);
  const addresses = Buffer.concat([source, Buffer.alloc(source.length), Buffer.alloc(4)]);
  const tls = isSecure ? Buffer.from([tlsType, 0, 5, 0x01, 0, 0, 0, 0]) : Buffer.alloc(0);
  const checksum = Buffer.from([checksumType, 0, 4, 0, 0, 0, 0]);
  const rest = Buffer.concat([addresses, tls, checksum]);
  const head = Buffer.from([proxyCommand, family === 4 ? tcp4 : tcp6, 0, rest.length]);
  const header = Buffer.concat([signature, head, rest]);
  header.writeUInt32BE(crc32c(header), header.length - 4);
  return header;
}

/** 16 bytes of an address that is one. */
function readIpv6(address: string): Buffer {
  const [left = '', right] = address.replace(/%.*$/, '').split('::', 2);
  const head = readWords(left);
  const tail = readWords(right ?? '');
  const bytes = Buffer.alloc(16);
  for (const [at, word] of head.entries()) bytes.writeUInt16BE(word, at * 2);
  for (const [at, word] of tail.entries()) bytes.writeUInt16BE(word, (8 - tail.length + at) * 2);
  return bytes;
}

/** The groups of a half; dotted quads at its end are two. */
function readWords(half: string): number[] {
  if (half === '') return [];
  return half.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const bytes = Buffer.from(group.split('.').map(Number));
    return [bytes.readUInt16BE(0), bytes.readUInt16BE(2)];
  });
}
