/** Where certificates lie: the files that the settings name, and those of a folder and of its folders. */
import { readdirSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Settings } from '#shared/settings/schema.ts';
import type { PairFiles } from './certificate-pair.ts';
import { selfSignedPath } from '#shared/self-signed-file.ts';

/** Names that begin with a dot are what Kubernetes swaps its secrets by. */
const hiddenPattern = /^\./;
const certificatePattern = /\.(crt|pem)$/;
/** What certbot calls them, and no other file beside them is a certificate to serve. */
const certbotNames = { cert: 'fullchain.pem', key: 'privkey.pem' } as const;

type WatchedSettings = Pick<
  Settings,
  'CT_TLS_CERT' | 'CT_TLS_KEY' | 'CT_TLS_CLIENT_CA' | 'CT_SELF_SIGNED' | 'CT_DATA_DIR' | 'CT_TLS_DIR'
>;

/** What has to be looked at to see a change: files of the settings, and whatever lies in the folder and its folders. */
export function watchedOf(settings: WatchedSettings): {
  paths: readonly string[];
  folders: readonly string[];
} {
  const { CT_TLS_CERT, CT_TLS_KEY, CT_TLS_CLIENT_CA, CT_SELF_SIGNED, CT_DATA_DIR, CT_TLS_DIR } = settings;
  const own = CT_SELF_SIGNED === 'yes' ? selfSignedPath(CT_DATA_DIR) : '';
  const files = [CT_TLS_CERT, CT_TLS_KEY, CT_TLS_CLIENT_CA, own].filter((path) => path !== '');
  // The data folder is busy, and what is made there is loaded by the interval that has made it.
  const foldersOfFiles = files.filter((path) => path !== own).map((path) => dirname(path));
  const folders = CT_TLS_DIR === '' ? [] : [CT_TLS_DIR, ...foldersIn(CT_TLS_DIR)];
  const found = folders.flatMap((folder) => namesIn(folder).map((name) => join(folder, name)));
  return { paths: [...files, ...folders, ...found], folders: [...new Set([...foldersOfFiles, ...folders])] };
}

/** Throws the system's error where the folder cannot be listed. */
export function findPairs(folder: string): PairFiles[] {
  readdirSync(folder);
  return [folder, ...foldersIn(folder)].flatMap(pairsOf);
}

/** What tells that something about the files has changed; symbolic links are followed. */
export function stampOf(paths: readonly string[]): string {
  return paths
    .map((path) => {
      const stat = statOf(path);
      return stat === undefined
        ? `${path} -`
        : `${path} ${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
    })
    .join('\n');
}

/** Undefined where there is nothing, or nothing that may be looked at: reading it will say why. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function pairsOf(folder: string): PairFiles[] {
  const names = namesIn(folder);
  const { cert, key } = certbotNames;
  if (names.includes(cert) && names.includes(key))
    return [{ certPath: join(folder, cert), keyPath: join(folder, key) }];
  return names.filter(isCertificate).map((name) => ({
    certPath: join(folder, name),
    keyPath: join(folder, name.replace(certificatePattern, '.key')),
  }));
}

function isCertificate(name: string): boolean {
  return certificatePattern.test(name);
}

function foldersIn(folder: string): string[] {
  return namesIn(folder)
    .map((name) => join(folder, name))
    .filter((path) => statOf(path)?.isDirectory() === true);
}

/** In their order, so that the same files give the same choice; none where the folder is not there any more. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !hiddenPattern.test(name))
      .toSorted();
  } catch {
    return [];
  }
}
