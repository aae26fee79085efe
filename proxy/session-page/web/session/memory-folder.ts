/** Files that live as long as the page of their host: for a session that begins with nothing. */
import type { FolderEntry, SharedFolder } from './folder.ts';

export class MemoryFolder implements SharedFolder {
  /** Undefined for a folder. */
  readonly #nodes = new Map<string, Uint8Array | undefined>();

  constructor(root: string, files: Readonly<Record<string, string>>) {
    this.#nodes.set(root, undefined);
    for (const [name, text] of Object.entries(files))
      this.#nodes.set(`${root}/${name}`, new TextEncoder().encode(text));
  }

  async list(path: string): Promise<FolderEntry[]> {
    this.#need(path, true);
    const entries = [...this.#nodes]
      .filter(([known]) => known.startsWith(`${path}/`) && !known.slice(path.length + 1).includes('/'))
      .map(([known, content]) => ({ name: known.slice(path.length + 1), isFolder: content === undefined }));
    return entries;
  }

  async size(path: string): Promise<number> {
    return this.#need(path, false)!.length;
  }

  async read(path: string): Promise<Uint8Array> {
    return this.#need(path, false)!;
  }

  async write(path: string, content: Uint8Array): Promise<void> {
    this.#needFolderOf(path);
    if (this.#nodes.has(path)) this.#need(path, false);
    this.#nodes.set(path, content);
  }

  async makeFolder(path: string): Promise<void> {
    this.#needFolderOf(path);
    if (this.#nodes.has(path)) throw new Error(`EEXIST: ${path} is there already`);
    this.#nodes.set(path, undefined);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#needFolderOf(to);
    if (!this.#nodes.has(from)) throw missing(from);
    if (this.#nodes.has(to)) throw new Error(`EEXIST: ${to} is there already`);
    if (to.startsWith(`${from}/`)) throw new Error(`EINVAL: ${to} is in ${from}`);
    for (const [path, content] of this.#nodes) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.#nodes.delete(path);
      this.#nodes.set(to + path.slice(from.length), content);
    }
  }

  async remove(path: string): Promise<void> {
    if (!path.includes('/')) throw new Error('EPERM: the shared folder itself stays');
    if (!this.#nodes.has(path)) throw missing(path);
    for (const known of this.#nodes.keys())
      if (known === path || known.startsWith(`${path}/`)) this.#nodes.delete(known);
  }

  #need(path: string, isFolder: boolean): Uint8Array | undefined {
    const content = this.#nodes.get(path);
    if (!this.#nodes.has(path)) throw missing(path);
    if ((content === undefined) !== isFolder)
      throw new Error(`${isFolder ? 'ENOTDIR' : 'EISDIR'}: ${path} is another kind of file`);
    return content;
  }

  #needFolderOf(path: string): void {
    if (path.split('/').some((part) => part === '' || part === '.' || part === '..'))
      throw new Error(`EINVAL: ${path} is no path here`);
    this.#need(path.slice(0, Math.max(0, path.lastIndexOf('/'))), true);
  }
}

function missing(path: string): Error {
  return new Error(`ENOENT: there is no ${path}`);
}
