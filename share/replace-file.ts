/** Writes a file so that a reader, or a crash in the middle, finds the old content or the new and nothing between. */
import type { Stats } from 'node:fs';
import { lstat, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { signatureOf } from './core/file-signature.ts';
import type { FileSignature } from './core/file-signature.ts';

export interface Replacement {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Name of a file beside it that is there for a moment. */
  readonly temporary: string;
  /** Asked when all is ready: false leaves the file as it is. */
  readonly isStillWanted: () => Promise<boolean>;
}

/** What was written; undefined where it was not wanted any more. Mode and owner stay as they are. */
export async function replaceFile(replacement: Replacement): Promise<FileSignature | undefined> {
  const { path, bytes, isStillWanted } = replacement;
  const temporary = join(dirname(path), replacement.temporary);
  const before = await lstat(path).catch(() => undefined);
  try {
    const written = await writeBeside(temporary, bytes, before);
    if (await isStillWanted()) {
      await rename(temporary, path);
      return written;
    }
    await rm(temporary, { force: true });
    return undefined;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    if (before === undefined || !isFolderClosed(error)) throw error;
    // The file may be written though nothing can be made beside it.
    if (!(await isStillWanted())) return undefined;
    await writeFile(path, bytes);
    return signatureOf(await stat(path, { bigint: true }));
  }
}

/** The signature is that of these bytes: taken after the rename it might be that of somebody's next change. */
async function writeBeside(
  temporary: string,
  bytes: Uint8Array,
  before: Stats | undefined,
): Promise<FileSignature> {
  const handle = await open(temporary, 'wx', before === undefined ? 0o666 : 0o600);
  try {
    await handle.writeFile(bytes);
    if (before !== undefined) {
      const own = await handle.stat();
      if (own.uid !== before.uid || own.gid !== before.gid)
        await handle.chown(before.uid, before.gid).catch(() => undefined);
      await handle.chmod(before.mode & 0o7777);
    }
    await handle.sync();
    return signatureOf(await handle.stat({ bigint: true }));
  } finally {
    await handle.close();
  }
}

function isFolderClosed(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');
}
