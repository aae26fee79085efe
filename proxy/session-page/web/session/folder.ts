/** Files of a session as the page works with them: a guest's are its host's, a host's its own. Paths begin with a folder's name. */
import { FileType } from 'open-collaboration-protocol';
import type { ProtocolBroadcastConnection } from 'open-collaboration-protocol';

export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

export interface SharedFolder {
  list(path: string): Promise<FolderEntry[]>;
  /** In bytes. */
  size(path: string): Promise<number>;
  read(path: string): Promise<Uint8Array>;
  write(path: string, content: Uint8Array): Promise<void>;
  makeFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
}

/** Asks the host for everything; each may be refused by it. */
export function hostsFolder(connection: () => ProtocolBroadcastConnection, host: string): SharedFolder {
  return {
    list: async (path) =>
      Object.entries(await connection().fs.readdir(host, path)).map(([name, type]) => ({
        name,
        isFolder: (type & FileType.Directory) !== 0,
      })),
    size: async (path) => (await connection().fs.stat(host, path)).size,
    read: async (path) => (await connection().fs.readFile(host, path)).content,
    write: async (path, content) => await connection().fs.writeFile(host, path, { content }),
    makeFolder: async (path) => await connection().fs.mkdir(host, path),
    rename: async (from, to) => await connection().fs.rename(host, from, to),
    remove: async (path) => await connection().fs.delete(host, path),
  };
}
