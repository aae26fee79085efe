/**
 * The files of a session that have a document: opened when a member asks, written back a moment after the last edit,
 * looked at again when the disk says so. What cannot be written is tried again until it can.
 */
import type * as Y from 'yjs';
import type { FileSignature } from './core/file-signature.ts';
import type { FileNews } from './core/news.ts';
import { faultFor } from './folder-fault.ts';
import { SharedFile } from './shared-file.ts';
import type { Refusal } from './shared-file.ts';
import type { SharedFolder } from './shared-folder.ts';

export interface SharedFilesOptions {
  readonly folder: SharedFolder;
  readonly doc: Y.Doc;
  /** Transactions with it are the host's own. */
  readonly origin: object;
  readonly tell: (news: FileNews) => void;
  readonly mayEdit?: () => boolean;
  readonly onRejected?: (path: string, bytes: Uint8Array) => Promise<void>;
}

/** Documents of a session; each stays in the memory of every member. */
const filesMax = 2_000;
/** Of all documents together: whoever comes back sends them in one message, which packed has to fit into 8 MiB. */
const textsMaxLength = 16 * 1_024 * 1_024;
const quietMs = 300;
/** Who types without a pause is written back all the same. */
const waitMaxMs = 1_000;
const retryMaxMs = 30_000;
/** Where watchers are silent, as on network shares; also the time in which a write of the same size and time is found. */
const lookIntervalMs = 2_000;

interface OpenFile {
  readonly file: SharedFile;
  readonly members: Set<string>;
  timer: NodeJS.Timeout | undefined;
  /** When the oldest edit came that is not written. */
  since: number | undefined;
  retries: number;
}

export class SharedFiles {
  readonly #options: SharedFilesOptions;
  readonly #files = new Map<string, OpenFile>();
  readonly #hadDocument = new Set<string>();
  readonly #opening = new Map<string, Promise<Refusal | undefined>>();
  readonly #looking: NodeJS.Timeout;

  constructor(options: SharedFilesOptions) {
    this.#options = options;
    this.#looking = setInterval(() => void this.lookAtAll(), lookIntervalMs);
    this.#looking.unref();
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  get paths(): readonly string[] {
    return [...this.#files.keys()];
  }

  get unsaved(): readonly string[] {
    return [...this.#files].filter(([, { file }]) => file.isUnsaved).map(([path]) => path);
  }

  /** What the file would be if it were written now; undefined where it has no document. */
  bytesOf(path: string): Uint8Array | undefined {
    return this.#files.get(path)?.file.bytes;
  }

  /** Whether this member's words about the file come by its document. */
  isOpenFor(path: string, member: string): boolean {
    return this.#files.get(path)?.members.has(member) === true;
  }

  /** Gives the file a document, once; says why not where it gets none. */
  async open(path: string, member: string): Promise<Refusal | 'too many' | undefined> {
    const known = this.#files.get(path);
    if (known !== undefined) {
      known.members.add(member);
      return undefined;
    }
    if (this.#files.size >= filesMax || this.#textsLength >= textsMaxLength) return 'too many';
    const opening = this.#opening.get(path) ?? this.#open(path);
    this.#opening.set(path, opening);
    try {
      const refusal = await opening;
      this.#files.get(path)?.members.add(member);
      return refusal;
    } finally {
      this.#opening.delete(path);
    }
  }

  get #textsLength(): number {
    let length = 0;
    for (const { file } of this.#files.values()) length += file.length;
    return length;
  }

  async #open(path: string): Promise<Refusal | undefined> {
    const { tell } = this.#options;
    const file = this.#makeFile(path);
    const refusal = await file.open(this.#hadDocument.has(path));
    if (refusal !== undefined) {
      file.dispose();
      tell({ event: 'file.refused', path, reason: refusal });
      return refusal;
    }
    this.#add(path, file);
    return undefined;
  }

  /** Follows a document that others have opened; the bytes are what it and the disk last had in common. */
  adopt(path: string, bytes: Uint8Array, signature: FileSignature): boolean {
    if (this.#files.has(path)) return true;
    const file = this.#makeFile(path);
    if (file.adopt(bytes, signature)) this.#add(path, file);
    else file.dispose();
    return this.#files.has(path);
  }

  #makeFile(path: string): SharedFile {
    const { doc, ...options } = this.#options;
    return new SharedFile({
      ...options,
      path,
      text: doc.getText(path),
      onChange: () => this.#schedule(path),
    });
  }

  #add(path: string, file: SharedFile): void {
    this.#hadDocument.add(path);
    this.#files.set(path, { file, members: new Set(), timer: undefined, since: undefined, retries: 0 });
    this.#options.tell({ event: 'file.opened', path });
    if (file.isUnsaved) this.#schedule(path);
  }

  /** Writes now what was typed. Rejects where the disk does not let it. */
  async save(path: string): Promise<void> {
    const open = this.#files.get(path);
    if (open === undefined || this.#options.folder.isReadOnly) return;
    clearTimeout(open.timer);
    open.timer = undefined;
    open.since = undefined;
    if ((await open.file.save()) === 'saved') this.#options.tell({ event: 'file.saved', path });
    open.retries = 0;
  }

  /** Another content, by a member who has not opened the document. */
  async replace(path: string, bytes: Uint8Array): Promise<void> {
    await this.#files.get(path)?.file.replaceText(bytes);
  }

  /** The disk says that something is new there. */
  async look(path: string): Promise<void> {
    const open = this.#files.get(path);
    if (open === undefined) return;
    try {
      if (await open.file.look())
        this.#options.tell({ event: open.file.isOnDisk ? 'file.merged' : 'file.gone', path });
      if (open.file.isUnsaved) this.#schedule(path);
    } catch (error) {
      // What was put in its place has no document; the next save says so.
      if (open.file.isUnsaved) this.#tellUnsaved(path, error);
    }
  }

  async lookAtAll(): Promise<void> {
    for (const path of this.paths) await this.look(path);
  }

  /** Forgets the documents at and below a path: what was there has been removed, or has another name. */
  forget(path: string): void {
    for (const [known, open] of this.#files) {
      if (known !== path && !known.startsWith(`${path}/`)) continue;
      clearTimeout(open.timer);
      open.file.dispose();
      this.#files.delete(known);
    }
  }

  /** A member is gone, or has closed the file. */
  leave(member: string, path?: string): void {
    for (const [known, { members }] of this.#files)
      if (path === undefined || known === path) members.delete(member);
  }

  /** Writes everything; returns what could not be. */
  async close(): Promise<readonly { path: string; reason: string }[]> {
    clearInterval(this.#looking);
    const failed: { path: string; reason: string }[] = [];
    for (const [path, open] of this.#files) {
      try {
        await this.save(path);
      } catch (error) {
        const copy = await this.#keepUnsaved(path, open.file.bytes);
        failed.push({ path, reason: `${faultFor(error).message}${copy}` });
      }
      clearTimeout(open.timer);
      open.file.dispose();
    }
    return failed;
  }

  /** What cannot take the file's place is kept beside it, where there is room. */
  async #keepUnsaved(path: string, bytes: Uint8Array): Promise<string> {
    const { folder } = this.#options;
    try {
      await folder.write(await folder.find(`${path}.unsaved`), bytes);
      return `; it is in ${path}.unsaved`;
    } catch {
      return '';
    }
  }

  #schedule(path: string): void {
    const open = this.#files.get(path);
    if (open === undefined || this.#options.folder.isReadOnly) return;
    const now = performance.now();
    open.since ??= now;
    clearTimeout(open.timer);
    const waitMs = Math.max(0, Math.min(quietMs, open.since + waitMaxMs - now));
    open.timer = setTimeout(() => void this.#saveOrRetry(path, open), waitMs);
  }

  async #saveOrRetry(path: string, open: OpenFile): Promise<void> {
    try {
      await this.save(path);
    } catch (error) {
      if (open.retries === 0) this.#tellUnsaved(path, error);
      open.retries += 1;
      const waitMs = Math.min(retryMaxMs, waitMaxMs * 2 ** Math.min(open.retries - 1, 10));
      if (this.#files.get(path) === open)
        open.timer = setTimeout(() => void this.#saveOrRetry(path, open), waitMs);
    }
  }

  #tellUnsaved(path: string, error: unknown): void {
    this.#options.tell({ event: 'file.unsaved', path, reason: faultFor(error).message });
  }
}
