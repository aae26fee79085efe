/** Where a licence comes from: four settings, or a file with them; and what the pool that runs knows of it. */
import { readFileSync } from 'node:fs';
import type { Settings } from '../settings/schema.ts';
import { checkLicence, readPublicKey } from './licence.ts';
import type { Licence, SignedTexts } from './licence.ts';

export interface InstalledLicence extends Licence {
  readonly expiresAtMs: number;
}

export interface LicenceLife {
  /** Whole days; 0 after the end. */
  readonly daysLeft: number;
  readonly isExpired: boolean;
}

const dayMs = 86_400_000;

export function lifeOf({ expiresAtMs }: InstalledLicence, nowMs: number): LicenceLife {
  const leftMs = expiresAtMs - nowMs;
  return { daysLeft: Math.max(0, Math.floor(leftMs / dayMs)), isExpired: leftMs <= 0 };
}

type LicenceSettings = Pick<
  Settings,
  | 'CT_LICENSEE'
  | 'CT_MAXCONNECTIONS'
  | 'CT_EXPIRATION'
  | 'CT_SIGNATURE'
  | 'CT_LICENSE_FILE'
  | 'CT_LICENSE_PUBLIC_KEY'
  | 'CT_SERVER_URL'
>;

/** Names of a properties file, without `CT_`, case and what stands between words. */
const fieldNames: Readonly<Record<string, keyof SignedTexts>> = {
  licensee: 'licensee',
  maxconnections: 'maxConnections',
  expiration: 'expiration',
  signature: 'signature',
};

/** Undefined without a licence. Throws a line for people where there is one that is none. */
export function readLicence(settings: LicenceSettings): InstalledLicence | undefined {
  const texts = textsOf(settings);
  // The charts of the original product set the other two even where there is no licence.
  if (texts.licensee === '' && texts.signature === '') return undefined;
  const given = settings.CT_LICENSE_PUBLIC_KEY;
  if (given === '')
    throw new Error('there is a licence and no CT_LICENSE_PUBLIC_KEY, by which its signature is checked');
  const result = checkLicence(texts, readPublicKey(given), settings.CT_SERVER_URL);
  if (result.kind === 'fault') throw new Error(result.fault);
  return { ...result.licence, expiresAtMs: result.expiresAtMs };
}

function textsOf(settings: LicenceSettings): SignedTexts {
  const own = {
    licensee: settings.CT_LICENSEE,
    maxConnections: settings.CT_MAXCONNECTIONS,
    expiration: settings.CT_EXPIRATION,
    signature: settings.CT_SIGNATURE,
  };
  const isOwn = own.licensee !== '' || own.signature !== '';
  if (isOwn || settings.CT_LICENSE_FILE === '') return own;
  try {
    return parseLicenceFile(readFileSync(settings.CT_LICENSE_FILE, 'utf8'));
  } catch (cause) {
    throw new Error(`CT_LICENSE_FILE: cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Lines `NAME=value`, `export NAME="value"` or `name: value`; others are ignored. */
function parseLicenceFile(text: string): SignedTexts {
  const texts = { licensee: '', maxConnections: '', expiration: '', signature: '' };
  for (const line of text.split(/\r?\n/)) {
    const [, name, value] = /^\s*(?:export\s+)?([A-Za-z_.-]+)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    const field =
      fieldNames[
        name
          .toLowerCase()
          .replace(/^(ct_|licen[cs]e\.)/, '')
          .replaceAll(/[_.-]/g, '')
      ];
    if (field !== undefined) texts[field] = unquote(value);
  }
  return texts;
}

function unquote(value: string): string {
  const [, , inner] = /^(["'])(.*)\1$/.exec(value) ?? [];
  return inner ?? value;
}
