/**
 * A licence: who may hold how many session connections until when, signed by Ed25519 over one canonical text. Whoever has the
 * public key can check it; nothing else is asked.
 */
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface Licence {
  readonly licensee: string;
  /** Session connections of the whole pool at one time. */
  readonly maxConnections: number;
  /** YYYY/MM/DD: the last day on which it is valid, which ends at midnight UTC. */
  readonly expiration: string;
  /** The pool that it is for, by its URL; empty where it is for any. */
  readonly serverUrl: string;
}

/** As an administrator gives them: four texts, exactly as they were signed. */
export interface SignedTexts {
  readonly licensee: string;
  readonly maxConnections: string;
  readonly expiration: string;
  readonly signature: string;
}

export type LicenceCheck =
  | { readonly kind: 'valid'; readonly licence: Licence; readonly expiresAtMs: number }
  | { readonly kind: 'fault'; readonly fault: string };

const maxConnectionsMax = 100_000_000;
const dayMs = 86_400_000;
const datePattern = /^(\d{4})\/(\d{2})\/(\d{2})$/;

/** What is signed: five lines, the last one empty behind the colon where the licence is for any pool. */
export function licenceText({ licensee, maxConnections, expiration, serverUrl }: Licence): string {
  const lines = [
    'mooring licence 1',
    `licensee: ${licensee}`,
    `maxConnections: ${maxConnections}`,
    `expiration: ${expiration}`,
    `serverUrl: ${serverUrl}`,
  ];
  return lines.join('\n');
}

/** The signature as CT_SIGNATURE has it. */
export function signLicence(licence: Licence, privateKeyPem: string): string {
  return sign(null, Buffer.from(licenceText(licence)), createPrivateKey(privateKeyPem)).toString('base64');
}

/** Whether the texts are a licence for this pool, expired or not. `serverUrl` is the pool's, empty where nobody has said it. */
export function checkLicence(texts: SignedTexts, publicKey: KeyObject, serverUrl: string): LicenceCheck {
  const read = readTexts(texts);
  if (typeof read === 'string') return { kind: 'fault', fault: read };
  const signature = Buffer.from(texts.signature, 'base64');
  for (const bound of new Set([originOf(serverUrl), ''])) {
    const licence = { ...read.licence, serverUrl: bound };
    if (verify(null, Buffer.from(licenceText(licence)), publicKey, signature))
      return { kind: 'valid', licence, expiresAtMs: read.expiresAtMs };
  }
  const fault =
    'CT_SIGNATURE is not that of this licence: licensee, connections, expiration and CT_SERVER_URL must be exactly as they were signed, and CT_LICENSE_PUBLIC_KEY that of who signed';
  return { kind: 'fault', fault };
}

/** Throws a line for people. */
export function readLicenceTerms(texts: Omit<SignedTexts, 'signature'>, serverUrl: string): Licence {
  const read = readTexts({ ...texts, signature: '-' });
  if (typeof read === 'string') throw new Error(read);
  const origin = originOf(serverUrl);
  if (serverUrl !== '' && origin === '') throw new Error(`"${serverUrl}" is not the URL of a server`);
  return { ...read.licence, serverUrl: origin };
}

/** PEM, base64 of the DER, or the path of a file with either. Throws a line for people. */
export function readPublicKey(given: string): KeyObject {
  const text = given.includes('-----BEGIN') ? given : (decodeDer(given) ?? readKeyFile(given));
  try {
    const key =
      typeof text === 'string'
        ? createPublicKey(text)
        : createPublicKey({ key: text, format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // The same line for all that is no such key.
  }
  throw new Error('CT_LICENSE_PUBLIC_KEY is no public key of Ed25519 (PEM, base64, or a file with it)');
}

/** A key of Ed25519 has 44 bytes of DER, which no path is. */
function decodeDer(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/]{58,60}={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}

function readKeyFile(path: string): string | Buffer {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return decodeDer(text) ?? text;
  } catch (cause) {
    throw new Error(`CT_LICENSE_PUBLIC_KEY: cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

function readTexts(
  texts: SignedTexts,
): { readonly licence: Omit<Licence, 'serverUrl'>; readonly expiresAtMs: number } | string {
  const { licensee, maxConnections, expiration, signature } = texts;
  if (licensee === '') return 'CT_LICENSEE is missing';
  // A line of its own in what is signed: with another one in it, it could say what nobody signed.
  if (/[\p{Cc}\u2028\u2029]/u.test(licensee))
    return 'CT_LICENSEE has a line break or a control character in it';
  if (
    !/^\d{1,9}$/.test(maxConnections) ||
    Number(maxConnections) < 1 ||
    Number(maxConnections) > maxConnectionsMax
  )
    return `CT_MAXCONNECTIONS: "${maxConnections}" is not a number of connections from 1 to ${maxConnectionsMax}`;
  const expiresAtMs = endOf(expiration);
  if (expiresAtMs === undefined) return `CT_EXPIRATION: "${expiration}" is not a day as YYYY/MM/DD`;
  if (signature === '') return 'CT_SIGNATURE is missing';
  return { licence: { licensee, maxConnections: Number(maxConnections), expiration }, expiresAtMs };
}

/** The end of a day, in ms since 1970. */
function endOf(day: string): number | undefined {
  const [, year, month, date] = datePattern.exec(day) ?? [];
  if (year === undefined) return undefined;
  const startMs = Date.UTC(Number(year), Number(month) - 1, Number(date));
  const isDay = new Date(startMs).toISOString().slice(0, 10) === day.replaceAll('/', '-');
  return isDay ? startMs + dayMs : undefined;
}

function originOf(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null || parsed.origin === 'null' ? '' : parsed.origin;
}
