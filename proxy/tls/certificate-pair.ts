/** One certificate chain with its key, from files as people and programs write them: whole, matching and valid, or refused. */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Named } from '../core/certificate-choice.ts';

export interface PairFiles {
  readonly certPath: string;
  /** May be the same file. */
  readonly keyPath: string;
}

export interface CertificatePair extends Named {
  readonly files: PairFiles;
  readonly cert: string;
  readonly key: string;
  /** Of the certificate itself, SHA-256, as browsers and openssl show it. */
  readonly fingerprint: string;
}

/** Why a pair is not taken, in a line for people; names the file. */
export class PairRefusal extends Error {}

const blockPattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const beginPattern = /-----BEGIN CERTIFICATE-----/g;

/** The old pair where its files are what they were; judges others, and throws a `PairRefusal`. */
export function readPair(files: PairFiles, nowMs: number, old?: CertificatePair): CertificatePair {
  const { certPath, keyPath } = files;
  const cert = readText(certPath);
  const key = readText(keyPath);
  if (old?.cert === cert && old.key === key) return old;
  const chain = readChain(cert, certPath);
  const leaf = chain[0]!;
  const privateKey = readKey(key, keyPath);
  if (!leaf.checkPrivateKey(privateKey)) {
    const isBehind = chain.some((certificate) => certificate.checkPrivateKey(privateKey));
    const hint = isBehind ? `; its certificate has to be the first in ${certPath}` : '';
    throw new PairRefusal(`the key ${keyPath} does not belong to the certificate ${certPath}${hint}`);
  }
  const [from, until] = [leaf.validFromDate.getTime(), leaf.validToDate.getTime()];
  if (nowMs >= until)
    throw new PairRefusal(`the certificate ${certPath} has expired on ${formatDate(until)}`);
  if (nowMs < from)
    throw new PairRefusal(`the certificate ${certPath} is not valid before ${formatDate(from)}`);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new PairRefusal(`the certificate ${certPath} cannot be served: ${textOf(error)}`, { cause: error });
  }
  return { files, cert, key, names: namesOf(leaf), notAfterMs: until, fingerprint: leaf.fingerprint256 };
}

/** Certificates of authorities in one file. Throws a `PairRefusal`. */
export function readAuthorities(path: string): string {
  const text = readText(path);
  readChain(text, path);
  return text;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    throw new PairRefusal(`${path} cannot be read: ${textOf(error)}`, { cause: error });
  }
}

/** A file that is being written ends in the middle of a block, which OpenSSL would pass over. */
function readChain(text: string, path: string): X509Certificate[] {
  const blocks = text.match(blockPattern) ?? [];
  if (blocks.length === 0) throw new PairRefusal(`${path} holds no certificate (PEM)`);
  if (blocks.length !== text.match(beginPattern)?.length)
    throw new PairRefusal(`${path} breaks off in the middle of a certificate`);
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new PairRefusal(`certificate ${index + 1} in ${path} cannot be read: ${textOf(error)}`, {
        cause: error,
      });
    }
  });
}

function readKey(text: string, path: string): KeyObject {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text))
    throw new PairRefusal(`the key ${path} is encrypted, and nobody is there to type a passphrase`);
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw new PairRefusal(`${path} holds no private key (PEM) that can be read: ${textOf(error)}`, {
      cause: error,
    });
  }
}

/** Of subjectAltName alone, as all clients do (RFC 9110 section 4.3.4); a name with a comma in it would be quoted, and is none. */
function namesOf(leaf: X509Certificate): string[] {
  return (leaf.subjectAltName ?? '').split(', ').flatMap((entry) => {
    const [, name] = /^(?:DNS|IP Address):([^"\s]+)$/.exec(entry) ?? [];
    return name === undefined ? [] : [plainAddressName(name)];
  });
}

/** OpenSSL writes IPv6 addresses in capitals and with all their groups. */
function plainAddressName(name: string): string {
  if (!/^[0-9A-F:]+$/i.test(name) || !name.includes(':')) return name.toLowerCase();
  return new URL(`http://[${name}]/`).hostname.slice(1, -1);
}

function formatDate(ms: number): string {
  return new Date(ms).toISOString();
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
