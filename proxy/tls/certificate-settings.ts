/** What the settings say of certificates: which files they are, and whether those could be served as they are. */
import { existsSync } from 'node:fs';
import { selfSignedPath } from '#shared/self-signed-file.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { findPairs } from './certificate-files.ts';
import { PairRefusal, readAuthorities, readPair } from './certificate-pair.ts';
import type { PairFiles } from './certificate-pair.ts';

/** Every fault that would stop a start, each a line for people; makes and changes nothing. */
export function findCertificateFaults(settings: Settings, nowMs: number): string[] {
  const faults: string[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof PairRefusal)) throw error;
      faults.push(error.message);
      return undefined;
    }
  };
  attempt(() => readAuthoritiesOf(settings));
  const standard = standardFilesOf(settings);
  // One of its own is made at start.
  const isThere =
    standard !== undefined && (settings.CT_SELF_SIGNED === 'no' || existsSync(standard.certPath));
  const files = attempt(() => filesOfFolder(settings.CT_TLS_DIR)) ?? [];
  for (const item of [...(isThere ? [standard] : []), ...files]) attempt(() => readPair(item, nowMs));
  if (standard === undefined && settings.CT_TLS_DIR !== '' && files.length === 0 && faults.length === 0)
    faults.push(`there is no certificate in ${settings.CT_TLS_DIR}`);
  return faults;
}

/** Of clients; empty where nobody asks them for certificates. */
export function readAuthoritiesOf(settings: Settings): string {
  const { CT_TLS_CLIENT_CERTS: wanted, CT_TLS_CLIENT_CA: path } = settings;
  return wanted === 'off' ? '' : readAuthorities(path);
}

/** Undefined where it is one of the folder. */
export function standardFilesOf(settings: Settings): PairFiles | undefined {
  const { CT_TLS_CERT: certPath, CT_TLS_KEY: keyPath, CT_SELF_SIGNED: own, CT_DATA_DIR: dataDir } = settings;
  if (certPath !== '') return { certPath, keyPath };
  const path = selfSignedPath(dataDir);
  return own === 'yes' ? { certPath: path, keyPath: path } : undefined;
}

export function filesOfFolder(folder: string): readonly PairFiles[] {
  if (folder === '') return [];
  try {
    return findPairs(folder);
  } catch (cause) {
    throw new PairRefusal(`CT_TLS_DIR: ${folder} cannot be read: ${String(cause)}`, { cause });
  }
}
