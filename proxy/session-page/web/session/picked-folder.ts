/** A folder of this machine that the host has picked in the browser, where browsers have such (File System Access). */
import type { FolderEntry, SharedFolder } from './folder.ts';

/** What is not shared: secrets, what tools keep for themselves, and what Chromium writes beside a file until it is whole. */
const hidden =
  /^(\.git|\.hg|\.svn|node_modules|\.env(\..*)?|\.npmrc|\.netrc|id_(rsa|dsa|ecdsa|ed25519)|.*\.(env|pem|key|p12|pfx|crswap))$/i;

const triesMax = 5;

export class PickedFolder implements SharedFolder {
  readonly name: string;
  readonly #root: FileSystemDirectoryHandle;
  /** While a browser puts what was written into its place there may be no such file. */
  readonly #writing = new Map<string, Promise<void>>();

  constructor(root: FileSystemDirectoryHandle) {
    this.#root = root;
    // The one of the browser's own storage has none.
    this.name = root.name === '' ? 'folder' : root.name;
  }

  async list(path: string): Promise<FolderEntry[]> {
    await Promise.allSettled(this.#writing.values());
    const entries: FolderEntry[] = [];
    for await (const [name, { kind }] of await this.#folder(path))
      if (!hidden.test(name)) entries.push({ name, isFolder: kind === 'directory' });
    return entries;
  }

  async size(path: string): Promise<number> {
    return (await this.#file(path)).size;
  }

  async read(path: string): Promise<Uint8Array> {
    for (let tries = 1; ; tries++) {
      const file = await this.#file(path);
      try {
        return new Uint8Array(await file.arrayBuffer());
      } catch (error) {
        // It was written between the two: what it is now can be read.
        if ((error as Error).name !== 'NotReadableError' || tries === triesMax) throw error;
      }
    }
  }

  async write(path: string, content: Uint8Array): Promise<void> {
    const before = this.#written(path);
    const work = before.then(async () => await this.#write(path, content));
    this.#writing.set(path, work);
    try {
      await work;
    } finally {
      if (this.#writing.get(path) === work) this.#writing.delete(path);
    }
  }

  async #write(path: string, content: Uint8Array): Promise<void> {
    const [folder, name] = await this.#placeOf(path);
    const handle = await said(path, folder.getFileHandle(name, { create: true }));
    const writing = await handle.createWritable();
    await writing.write(content as Uint8Array<ArrayBuffer>);
    await writing.close();
  }

  async makeFolder(path: string): Promise<void> {
    const [folder, name] = await this.#placeOf(path);
    await said(path, folder.getDirectoryHandle(name, { create: true }));
  }

  /** Browsers rename nothing: a file is written anew and the old one goes; a folder stays as it is. */
  async rename(from: string, to: string): Promise<void> {
    const content = await this.read(from);
    const isThere = await this.size(to).then(
      () => true,
      () => false,
    );
    if (isThere) throw new Error(`EEXIST: ${to} is there already`);
    await this.write(to, content);
    await this.remove(from);
  }

  async remove(path: string): Promise<void> {
    const [folder, name] = await this.#placeOf(path);
    await said(path, folder.removeEntry(name, { recursive: true }));
  }

  /** Resolves when nothing is being written there, however that went. */
  async #written(path: string): Promise<void> {
    await this.#writing.get(path)?.catch(() => undefined);
  }

  async #file(path: string): Promise<File> {
    await this.#written(path);
    const [folder, name] = await this.#placeOf(path);
    return await (await said(path, folder.getFileHandle(name))).getFile();
  }

  async #placeOf(path: string): Promise<[FileSystemDirectoryHandle, string]> {
    const at = path.lastIndexOf('/');
    const name = path.slice(at + 1);
    if (at === -1) throw new Error('EPERM: the shared folder itself stays');
    if (hidden.test(name)) throw new Error(`ENOENT: there is no ${path}`);
    return [await this.#folder(path.slice(0, at)), name];
  }

  async #folder(path: string): Promise<FileSystemDirectoryHandle> {
    const [root, ...names] = path.split('/');
    if (root !== this.name) throw new Error(`ENOENT: there is no ${path}`);
    let folder = this.#root;
    for (const name of names) {
      if (hidden.test(name)) throw new Error(`ENOENT: there is no ${path}`);
      folder = await said(path, folder.getDirectoryHandle(name));
    }
    return folder;
  }
}

/** In the words that members' clients look for. */
async function said<Value>(path: string, work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if ((error as Error).name === 'NotFoundError')
      throw new Error(`ENOENT: there is no ${path}`, { cause: error });
    if ((error as Error).name === 'TypeMismatchError')
      throw new Error(`EISDIR: ${path} is another kind of file`, { cause: error });
    throw error;
  }
}
