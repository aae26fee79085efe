/**
 * The shared folder on the disk, as members of the session may see it: every path is confined to the folder, links
 * included, and what is hidden is not there. Folders are read one at a time, when somebody asks: nothing walks the tree.
 */
import { randomBytes } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { lstat, mkdir, open, opendir, realpath, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { FileSignature } from './core/file-signature.ts';
import { HiddenFiles } from './core/hidden-files.ts';
import type { SharingRules } from './core/hidden-files.ts';
import { readMemberPath, faultOf } from './core/member-path.ts';
import { FolderFault } from './folder-fault.ts';
import { IgnoreFiles, isRuleFile } from './ignore-files.ts';
import type { EntryKind } from './remote.ts';
import { replaceFile } from './replace-file.ts';

/** A place on the disk that members may know of. */
export interface Place {
  /** As members name it, below the shared folder; empty for the folder itself. */
  readonly names: readonly string[];
  /** Without links. */
  readonly path: string;
  /** Undefined where nothing is. */
  readonly stat: BigIntStats | undefined;
}

export interface FolderOptions {
  readonly rules: SharingRules;
  readonly usesIgnoreFiles: boolean;
  readonly isReadOnly: boolean;
  /** How members call it; by its own name unless given. */
  readonly name?: string;
  /** Whether members may not change what says what is hidden. */
  readonly keepsRules: boolean;
}

/** A reply with more entries would not fit into a message of the session. */
const entriesMax = 50_000;
/** What fits into one message of a session, 8 MiB, with its wrapping. */
const fileMaxBytes = 6 * 1_024 * 1_024;

export class SharedFolder {
  readonly root: string;
  /** How members call it. */
  readonly name: string;
  readonly isReadOnly: boolean;
  readonly #keepsRules: boolean;
  readonly #hidden: HiddenFiles;
  readonly #ignoreFiles: IgnoreFiles;
  /** For those who want to know what this costs. */
  readonly counts = { listings: 0, entries: 0 };

  private constructor(root: string, options: FolderOptions) {
    const { rules, usesIgnoreFiles, isReadOnly, keepsRules, name } = options;
    this.root = root;
    this.name = name ?? (basename(root) || 'root');
    this.isReadOnly = isReadOnly;
    this.#keepsRules = keepsRules;
    this.#ignoreFiles = new IgnoreFiles(root, usesIgnoreFiles);
    this.#hidden = new HiddenFiles(rules, (names) => this.#ignoreFiles.textOf(names));
  }

  /** Rejects with what is wrong with the folder. */
  static async open(path: string, options: FolderOptions): Promise<SharedFolder> {
    const root = await realpath(path);
    if (!(await stat(root)).isDirectory()) throw new Error(`${path} is no folder`);
    return new SharedFolder(root, options);
  }

  /** What a member's path names. Throws `EINVAL`, or `ENOENT` for what is hidden or elsewhere. */
  async find(path: unknown): Promise<Place> {
    const read = readMemberPath(path, this.name, process.platform);
    if (read.kind === 'refused') throw new FolderFault('EINVAL', read.reason);
    return await this.findNames(read.kind === 'roots' ? [] : read.names);
  }

  async findNames(names: readonly string[]): Promise<Place> {
    const real = names.length === 0 ? this.root : await this.#follow(join(this.root, ...names));
    if (!this.#isInside(real)) throw new FolderFault('ENOENT');
    const seen = await statOf(real);
    const isFolder = seen?.isDirectory() ?? false;
    const realNames = this.#namesOf(real);
    if (isOtherCase(names, realNames)) throw new FolderFault('ENOENT');
    // By its real name too: no link leads to what is hidden.
    for (const each of [names, realNames]) {
      for (let depth = 0; depth < each.length; depth += 1) await this.#ignoreFiles.look(each.slice(0, depth));
      if (!this.#isShared(each, isFolder)) throw new FolderFault('ENOENT');
    }
    return { names, path: real, stat: seen };
  }

  /** Entries of one folder that are shared; what leads out of it is not among them. */
  async list(place: Place): Promise<Map<string, EntryKind>> {
    if (place.stat === undefined) throw new FolderFault('ENOENT');
    if (!place.stat.isDirectory()) throw new FolderFault('ENOTDIR');
    this.counts.listings += 1;
    const entries = new Map<string, EntryKind>();
    await this.#ignoreFiles.look(place.names);
    const real = this.#namesOf(place.path);
    const isByLink = real.join('/') !== place.names.join('/');
    if (isByLink) await this.#ignoreFiles.look(real);
    for await (const entry of await opendir(place.path, { bufferSize: 256 })) {
      this.counts.entries += 1;
      const names = [...place.names, entry.name];
      if (faultOf(entry.name, process.platform) !== undefined) continue;
      if (isByLink && !this.#isShared([...real, entry.name], entry.isDirectory())) continue;
      if (entry.isSymbolicLink()) {
        const target = await this.findNames(names).catch(() => undefined);
        const kind = target?.stat === undefined ? undefined : kindOf(target.stat);
        if (kind !== undefined) entries.set(entry.name, kind);
      } else if (entry.isDirectory() || entry.isFile()) {
        if (this.#isShared(names, entry.isDirectory()))
          entries.set(entry.name, entry.isDirectory() ? 'folder' : 'file');
      }
      if (entries.size >= entriesMax) break;
    }
    return entries;
  }

  /** Bytes of a regular file. Throws `EFBIG` for one that no message can carry. */
  async read({ path, stat: seen }: Place): Promise<Uint8Array> {
    if (seen === undefined) throw new FolderFault('ENOENT');
    if (seen.isDirectory()) throw new FolderFault('EISDIR');
    if (!seen.isFile()) throw new FolderFault('ENOENT');
    if (seen.size > fileMaxBytes) throw new FolderFault('EFBIG', `more than ${fileMaxBytes} bytes`);
    const handle = await open(path, 'r');
    try {
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  }

  /** Makes or replaces a file at once, with the mode that it has; undefined where it was not wanted any more. */
  async write(
    place: Place,
    bytes: Uint8Array,
    isStillWanted?: () => Promise<boolean>,
  ): Promise<FileSignature | undefined> {
    this.mayWrite(place);
    if (place.stat?.isDirectory() === true) throw new FolderFault('EISDIR');
    return await replaceFile({
      path: place.path,
      bytes,
      temporary: `.mooring-${randomBytes(6).toString('hex')}.tmp`,
      isStillWanted: isStillWanted ?? (() => Promise.resolve(true)),
    });
  }

  async makeFolder(place: Place): Promise<void> {
    this.mayWrite(place);
    this.#mayBeFolder(place.names, this.#namesOf(place.path));
    await mkdir(place.path, { recursive: true });
  }

  /** With all that is in it and shared. A link goes, and not what it leads to. Throws `EEXIST` where something stays. */
  async remove(place: Place): Promise<void> {
    this.mayWrite(place);
    if (place.stat === undefined) throw new FolderFault('ENOENT');
    const path = await this.#ownPath(place);
    if (!(await this.#removeShared(path, this.#namesOf(path))))
      throw new FolderFault('EEXIST', 'what is not shared is in it, and stays');
  }

  async #removeShared(path: string, names: readonly string[]): Promise<boolean> {
    const seen = await lstat(path);
    if (!this.#isShared(names, seen.isDirectory()) || this.#isKept(names)) return false;
    if (!seen.isDirectory()) {
      await unlink(path);
      return true;
    }
    await this.#ignoreFiles.look(names);
    let isWhole = true;
    for await (const { name } of await opendir(path))
      isWhole = (await this.#removeShared(join(path, name), [...names, name])) && isWhole;
    if (isWhole) await rmdir(path);
    return isWhole;
  }

  async rename(from: Place, to: Place): Promise<void> {
    this.mayWrite(from);
    this.mayWrite(to);
    if (from.stat === undefined) throw new FolderFault('ENOENT');
    if (to.stat?.isDirectory() === true) throw new FolderFault('EEXIST');
    const [path, target] = [await this.#ownPath(from), await this.#ownPath(to)];
    const isFolder = (await lstat(path)).isDirectory();
    if (isFolder && (await this.#wouldShow(path, this.#namesOf(path), this.#namesOf(target))))
      throw new FolderFault('EEXIST', 'what is not shared is in it, and would be there');
    if (isFolder) this.#mayBeFolder(to.names, this.#namesOf(target));
    await rename(path, target);
  }

  /** What is not there yet has been looked at as a file, which names with a slash behind them do not hide. */
  #mayBeFolder(...names: readonly (readonly string[])[]): void {
    if (!names.every((each) => this.#isShared(each, true))) throw new FolderFault('ENOENT');
  }

  /** Whether something in a folder is hidden by where it is, and would not be elsewhere. */
  async #wouldShow(path: string, from: readonly string[], to: readonly string[]): Promise<boolean> {
    await this.#ignoreFiles.look(from);
    this.#ignoreFiles.expect(from, to);
    for await (const entry of await opendir(path)) {
      const isFolder = entry.isDirectory();
      const [now, then] = [
        [...from, entry.name],
        [...to, entry.name],
      ];
      if (!this.#isShared(now, isFolder)) {
        if (this.#isShared(then, isFolder)) return true;
      } else if (isFolder && (await this.#wouldShow(join(path, entry.name), now, then))) return true;
    }
    return false;
  }

  /** Throws `EACCES` where members may change nothing. */
  mayWrite({ names, path }: Pick<Place, 'names' | 'path'>): void {
    if (this.isReadOnly) throw new FolderFault('EACCES', 'the session is read-only');
    if (names.length === 0) throw new FolderFault('EACCES', 'the shared folder itself');
    // Whoever writes the rules, by whatever name, can show what they hide.
    if (this.#isKept(names) || this.#isKept(this.#namesOf(path)))
      throw new FolderFault('EACCES', 'it says what is shared');
  }

  /** The entry itself, where `path` is what it leads to. */
  async #ownPath({ names }: Place): Promise<string> {
    return join(await this.#follow(join(this.root, ...names.slice(0, -1))), names.at(-1)!);
  }

  #isKept(names: readonly string[]): boolean {
    return this.#keepsRules && isRuleFile(names);
  }

  #isShared(names: readonly string[], isFolder: boolean): boolean {
    return this.#hidden.whyHidden(names, isFolder) === undefined;
  }

  /** Where a path ends after all links; where parts of it are not there yet, below the last one that is. */
  async #follow(path: string): Promise<string> {
    try {
      return await realpath(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw new FolderFault('ENOENT', undefined, error);
      // A link to nowhere is there, and whoever writes to it writes elsewhere.
      if ((await lstat(path).catch(() => undefined)) !== undefined) throw new FolderFault('ENOENT');
      const parent = dirname(path);
      if (parent === path) throw new FolderFault('ENOENT');
      return join(await this.#follow(parent), basename(path));
    }
  }

  #isInside(path: string): boolean {
    return path === this.root || path.startsWith(this.root.endsWith(sep) ? this.root : this.root + sep);
  }

  #namesOf(path: string): string[] {
    const below = relative(this.root, path);
    return below === '' ? [] : below.split(sep);
  }
}

/** On a file system where case does not count, one file would have several names, and a document under each. */
function isOtherCase(names: readonly string[], realNames: readonly string[]): boolean {
  const [asked, real] = [names.join('/'), realNames.join('/')];
  return asked !== real && asked.toLowerCase() === real.toLowerCase();
}

function kindOf(seen: BigIntStats): EntryKind | undefined {
  if (seen.isDirectory()) return 'folder';
  return seen.isFile() ? 'file' : undefined;
}

async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch {
    return undefined;
  }
}
