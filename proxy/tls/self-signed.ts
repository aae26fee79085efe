/**
 * A certificate that the front door makes itself: P-256, for the names by which this machine is known to itself. Certificate and key
 * are one file, which appears whole or not at all. A key is made anew with each certificate.
 */
import { X509Certificate, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { selfSignedPath } from '#shared/self-signed-file.ts';
import { bitString, integer, octetString, oid, sequence, setOf, tagged, time, utf8 } from './der.ts';

const dayMs = 86_400_000;
/** Clients refuse more than 398 days of what a public authority signed, and some of anything. */
const validMs = 397 * dayMs;
/** Time for those who have noted the fingerprint. */
const renewBeforeMs = 30 * dayMs;
/** Clocks of clients may be behind. */
const backdatedMs = 3_600_000;
const addressesMax = 16;

/** RFC 5280 and RFC 5758. */
const names = {
  ecdsaSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;
const yes = Buffer.from([1, 1, 0xff]);

/**
 * Makes the certificate where there is none, or none that lasts for long enough. Of two processes that make the first one at
 * once the later takes the other's. True where it has made one.
 */
export function ensureSelfSigned(dataDir: string, host: string, nowMs: number): boolean {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = selfSignedPath(dataDir);
  const expiry = expiryOf(path);
  if (expiry !== undefined && expiry - nowMs > renewBeforeMs) return false;
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  writeFileSync(draft, makeSelfSigned(ownNames(host), nowMs), { mode: 0o600, flush: true });
  if (expiry !== undefined) {
    renameSync(draft, path);
    return true;
  }
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    unlinkSync(draft);
  }
}

/** Undefined where there is no file. Throws where it is not a certificate: somebody's file is not overwritten. */
function expiryOf(path: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return new X509Certificate(text).validToDate.getTime();
  } catch (cause) {
    throw new Error(`${path} holds no certificate; remove the file to have a new one made`, { cause });
  }
}

/** Key and certificate (PEM) for DNS names and addresses; the first one is the common name. */
export function makeSelfSigned(hosts: readonly string[], nowMs: number): string {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(oid(names.ecdsaSha256));
  const body = formatBody({ hosts, publicKey, algorithm, nowMs });
  const certificate = sequence(body, algorithm, bitString(sign('sha256', body, privateKey)));
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const lines = certificate.toString('base64').replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n${String(key)}`;
}

/** TBSCertificate, RFC 5280 section 4.1. */
function formatBody(options: {
  hosts: readonly string[];
  publicKey: KeyObject;
  algorithm: Buffer;
  nowMs: number;
}): Buffer {
  const { hosts, publicKey, algorithm, nowMs } = options;
  const name = sequence(setOf(sequence(oid(names.commonName), utf8(hosts[0]!.slice(0, 64)))));
  const serial = randomBytes(16);
  serial[0]! &= 0x7f;
  serial[0]! |= 0x40;
  return sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    name,
    sequence(time(nowMs - backdatedMs), time(nowMs + validMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(
      0xa3,
      sequence(
        sequence(oid(names.basicConstraints), yes, octetString(sequence())),
        // digitalSignature: the first bit of one byte, seven of which are unused.
        sequence(oid(names.keyUsage), yes, octetString(Buffer.from([3, 2, 7, 0x80]))),
        sequence(oid(names.extendedKeyUsage), octetString(sequence(oid(names.serverAuth)))),
        sequence(oid(names.alternativeNames), octetString(sequence(...hosts.map(formatHost)))),
      ),
    ),
  );
}

/** GeneralName: dNSName [2] or iPAddress [7]. */
function formatHost(host: string): Buffer {
  return isIP(host) === 0 ? tagged(0x82, Buffer.from(host, 'latin1')) : tagged(0x87, addressBytes(host));
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = expandTail(address).split('::', 2);
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [left, right] = [groups(head), groups(tail)];
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  return Buffer.from(
    [...left, ...zeros, ...right].flatMap((group) => [
      Number.parseInt(group, 16) >> 8,
      Number.parseInt(group, 16) & 0xff,
    ]),
  );
}

/** `::ffff:1.2.3.4` with its end as two groups. */
function expandTail(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
}

function ownNames(host: string): string[] {
  const everywhere = new Set(['0.0.0.0', '::']);
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map(({ address }) => address)
    .filter(
      (address) => isIP(address) !== 0 && !linkLocal.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
    );
  const hosts = ['localhost', hostname().toLowerCase(), '127.0.0.1', '::1', host.toLowerCase(), ...addresses];
  const usable = hosts.filter(
    (name) => !everywhere.has(name) && (isIP(name) !== 0 || /^[a-z0-9.-]+$/.test(name)),
  );
  return [...new Set(usable)].slice(0, addressesMax);
}

/** Addresses of a link are nobody's name. */
const linkLocal = new BlockList();
linkLocal.addSubnet('fe80::', 10, 'ipv6');
