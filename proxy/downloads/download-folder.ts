/**
 * The folder of files, read as it is at the moment: nothing outside of it is opened, whichever links lead there, and nothing but
 * regular files. What is opened is one file, whatever happens to its name meanwhile.
 */
import { constants } from 'node:fs';
import { open, opendir, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { AppError } from '#shared/errors.ts';
import { isName } from './download-path.ts';
import type { FileState } from './file-version.ts';

export interface OpenFile {
  readonly kind: 'file';
  readonly handle: FileHandle;
  readonly state: FileState;
}

export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

export type Found = OpenFile | { readonly kind: 'folder' };

/** Entries beyond it are not looked at. */
const entriesMax = 5_000;
/** Of what is not there, not ours to read, or no path at all. */
const absent = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES', 'EPERM', 'EISDIR', 'ENXIO']);

/** Opens what the names lead to; whoever gets a file closes it. Throws `not-found` and `downloads-unavailable`. */
export async function openIn(folder: string, names: readonly string[]): Promise<Found> {
  return await openPath(await resolveIn(folder, names));
}

/** Throws as above. */
export async function openPath(path: string): Promise<Found> {
  // Neither follows a link that has just been put there, nor waits for the other end of a pipe.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await attempt(async () => await open(path, flags));
  try {
    const state = await handle.stat({ bigint: true });
    if (state.isFile()) return { kind: 'file', handle, state };
    if (!state.isDirectory()) throw new AppError('not-found');
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return { kind: 'folder' };
}

/** Folders first, then files, each by name. Throws as above. */
export async function listIn(folder: string, names: readonly string[]): Promise<readonly FolderEntry[]> {
  const path = await resolveIn(folder, names);
  return await attempt(async () => {
    const entries: FolderEntry[] = [];
    let seen = 0;
    for await (const entry of await opendir(path)) {
      if (++seen > entriesMax) break;
      if (isName(entry.name) && (entry.isFile() || entry.isDirectory()))
        entries.push({ name: entry.name, isFolder: entry.isDirectory() });
    }
    return entries.toSorted(
      (a, b) =>
        Number(b.isFolder) - Number(a.isFolder) || a.name.localeCompare(b.name, 'en', { numeric: true }),
    );
  });
}

/** Where it is, without links on the way. */
async function resolveIn(folder: string, names: readonly string[]): Promise<string> {
  const root = await attempt(async () => await realpath(folder));
  const path = names.length === 0 ? root : await attempt(async () => await realpath(join(root, ...names)));
  const inside = relative(root, path);
  const isInside = inside === '' || inside.split(sep).every(isName);
  if (!isInside) throw new AppError('not-found', { facts: { reason: 'a link leads out of the folder' } });
  return path;
}

/** What a failure of the file system is to whoever asked for a file. */
export function folderFault(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  return new AppError(absent.has(code) ? 'not-found' : 'downloads-unavailable', { cause: error });
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw folderFault(error);
  }
}
