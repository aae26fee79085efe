/** The files of somebody else's session, as a member sees them. Paths are those of the session: `FOLDER/sub/file`. */
import type * as Y from 'yjs';
import { faultFor } from './folder-fault.ts';

export type EntryKind = 'file' | 'folder';

export interface Remote {
  /** The shared folder, as members call it. */
  readonly folder: string;
  /** Whether we may only read; the host may change its mind. */
  readonly isReadOnly: boolean;
  readonly doc: Y.Doc;
  /** Paths that somebody has opened. */
  readonly documents: readonly string[];
  /** Whether the document is there and not only its name. */
  hasText(path: string): boolean;
  /** Asks for the document of a file and waits until it is there; false where the host gives none. */
  openDocument(path: string): Promise<boolean>;
  /** These reject with a `FolderFault`. */
  stat(path: string): Promise<{ readonly type: EntryKind }>;
  list(path: string): Promise<ReadonlyMap<string, EntryKind>>;
  read(path: string): Promise<Uint8Array>;
  write(path: string, bytes: Uint8Array): Promise<void>;
  makeFolder(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  onChanged(handler: (path: string, kind: 'written' | 'deleted') => void): void;
}

/** Undefined where nothing is; rejects where nobody can say. */
export async function readIfThere(remote: Remote, path: string): Promise<Uint8Array | undefined> {
  try {
    return await remote.read(path);
  } catch (error) {
    if (faultFor(error).code === 'ENOENT') return undefined;
    throw error;
  }
}
