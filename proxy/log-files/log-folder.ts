/** The folder of log files as it is at the moment: the names that logs have, regular files alone, and no link to anywhere. */
import { opendir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#shared/errors.ts';
import { folderFault, openPath } from '../downloads/download-folder.ts';

export interface OpenLog {
  readonly name: string;
  readonly handle: FileHandle;
  /** When it was opened; what is written afterwards is for the next one who asks. */
  readonly size: number;
  readonly modifiedMs: number;
}

export interface ListedLog {
  readonly name: string;
  readonly bytes: number;
  /** RFC 3339. */
  readonly modified: string;
}

/** What `LogFile` makes, and what it calls one that was full or old: no separator is among them, nor a dot in front. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,80}\.(log|csv)(\.\d{8}T\d{9}Z-\d{3}-\d+)?$/;
/** Entries beyond it are not looked at. */
const entriesMax = 5_000;

/** Whoever gets it closes it. Throws `not-found` and `downloads-unavailable`. */
export async function openLogFile(folder: string, name: string): Promise<OpenLog> {
  if (folder === '' || !namePattern.test(name)) throw new AppError('not-found');
  const found = await openPath(join(folder, name));
  if (found.kind === 'folder') throw new AppError('not-found');
  const { handle, state } = found;
  return { name, handle, size: Number(state.size), modifiedMs: Number(state.mtimeNs / 1_000_000n) };
}

/** Undefined where it has got another name, or is gone. Throws `downloads-unavailable`. */
export async function findLogFile(folder: string, name: string): Promise<OpenLog | undefined> {
  try {
    return await openLogFile(folder, name);
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** Those that are written now first, then older ones, each by name. Empty where there is no such folder. Throws `downloads-unavailable`. */
export async function listLogFiles(folder: string): Promise<readonly ListedLog[]> {
  if (folder === '') return [];
  const names: string[] = [];
  let seen = 0;
  try {
    for await (const entry of await opendir(folder)) {
      if (++seen > entriesMax) break;
      if (entry.isFile() && namePattern.test(entry.name)) names.push(entry.name);
    }
  } catch (error) {
    const fault = folderFault(error);
    if (fault.code === 'not-found') return [];
    throw fault;
  }
  const listed: ListedLog[] = [];
  for (const name of names.toSorted(byAge)) {
    const file = await findLogFile(folder, name);
    if (file === undefined) continue;
    await file.handle.close();
    listed.push({ name, bytes: file.size, modified: new Date(file.modifiedMs).toISOString() });
  }
  return listed;
}

/** The newest of the older ones first. */
function byAge(a: string, b: string): number {
  const [isOldA, isOldB] = [a, b].map((name) => /\.\d{8}T/.test(name)) as [boolean, boolean];
  if (isOldA !== isOldB) return isOldA ? 1 : -1;
  return isOldA ? b.localeCompare(a) : a.localeCompare(b);
}
