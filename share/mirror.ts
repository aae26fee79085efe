/**
 * The files of somebody's session in a folder of this machine, for any editor: fetched, followed while others edit them, and
 * what changes here goes into the session. Texts are merged by their documents; of anything else one side's copy is kept.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isSameFile, signatureOf } from './core/file-signature.ts';
import { writeMemberPath } from './core/member-path.ts';
import type { Desk } from './desk.ts';
import { faultFor } from './folder-fault.ts';
import { FolderWatch } from './folder-watch.ts';
import type { EntryChange } from './folder-watch.ts';
import { digestOf, MirroredFiles } from './mirrored-files.ts';
import type { Mirrored } from './mirrored-files.ts';
import { openMirrorFolders } from './mirror-folders.ts';
import { readIfThere } from './remote.ts';
import type { Remote } from './remote.ts';
import { RemoteTree, TooManyFiles } from './remote-tree.ts';
import { SharedFiles } from './shared-files.ts';
import type { SharedFolder } from './shared-folder.ts';
import { Turns } from './turns.ts';

export interface MirrorOptions {
  readonly path: string;
  readonly remote: Remote;
  readonly desk: Desk;
  /** Paths below the shared folder that are wanted; everything where there are none. */
  readonly only: readonly string[];
  readonly filesMax: number;
}

/** Folders of which changes here are noticed; an operating system has 8,192 or more for all programs. */
const watchersMax = 6_000;
const progressIntervalMs = 500;
/** Editors take a file away for a moment before they put the new one there. */
const absenceMs = 400;

export class Mirror {
  readonly #options: MirrorOptions;
  /** Takes everything that the session has. */
  readonly #folder: SharedFolder;
  /** Knows what of this machine is nobody else's. */
  readonly #outgoing: SharedFolder;
  readonly #files: SharedFiles;
  readonly #watch: FolderWatch;
  readonly #mirrored = new MirroredFiles();
  readonly #turns = new Turns();
  readonly counts = { files: 0, bytes: 0, skipped: 0 };

  private constructor(options: MirrorOptions, folder: SharedFolder, outgoing: SharedFolder) {
    const { remote, desk } = options;
    this.#options = options;
    this.#folder = folder;
    this.#outgoing = outgoing;
    this.#files = new SharedFiles({
      folder,
      doc: remote.doc,
      origin: this,
      tell: (news) =>
        desk.tell(news.event === 'file.merged' ? { event: 'file.sent', path: news.path } : news),
      mayEdit: () => !remote.isReadOnly,
      onRejected: async (path, bytes) => await this.#keepMine(path, bytes),
    });
    this.#watch = new FolderWatch((changes) => void this.#onLocalChanges(changes), watchersMax);
    remote.onChanged((path, kind) => {
      const take = this.#turns.take(path, async () => await this.#onRemoteChange(path, kind));
      take.catch((error: unknown) => this.#tellSkipped(path, error));
    });
    remote.doc.on('update', () => this.#followDocuments());
  }

  /** Makes the folder where it is not there. Rejects where it has something in it. */
  static async open(options: MirrorOptions): Promise<Mirror> {
    const { folder, outgoing } = await openMirrorFolders(options.path, options.remote.folder);
    return new Mirror(options, folder, outgoing);
  }

  get root(): string {
    return this.#folder.root;
  }

  get openFiles(): number {
    return this.#files.paths.length;
  }

  get unsaved(): readonly string[] {
    return this.#files.unsaved;
  }

  /** Fetches everything that is wanted. Rejects before the first file where that is too much. */
  async fetch(): Promise<void> {
    const { desk, only } = this.#options;
    const tree = this.#newTree();
    const tell = (isDone: boolean): void =>
      desk.tell({ event: 'folder.fetched', ...tree.counts, ...this.counts, isDone });
    const progress = setInterval(() => tell(false), progressIntervalMs);
    try {
      const wanted = only.map((path) => path.split('/').filter((name) => name !== ''));
      await this.#fetchTree(tree, wanted.length > 0 ? wanted : [[]]);
    } finally {
      clearInterval(progress);
    }
    tell(true);
    this.#followDocuments();
  }

  /** Takes in what was changed here last, and writes what others changed; returns what could not be written. */
  async close(isAlive: boolean): Promise<readonly { path: string; reason: string }[]> {
    await this.#watch.flush();
    await this.#turns.all();
    if (isAlive) await this.#lookAtAll();
    const failed = await this.#files.close();
    this.#watch.close();
    return failed;
  }

  /** Whatever no watcher has told of yet. */
  async #lookAtAll(): Promise<void> {
    await this.#files.lookAtAll();
    for (const path of this.#mirrored.paths)
      if (!this.#files.has(path) && !(await this.#isUntouched(path)))
        await this.#turns.take(path, async () => await this.#push(path)).catch(() => undefined);
  }

  #newTree(): RemoteTree {
    return new RemoteTree(this.#options.remote, this.#options.filesMax - this.#mirrored.size);
  }

  async #fetchTree(tree: RemoteTree, wanted: readonly (readonly string[])[]): Promise<void> {
    await tree.look(wanted);
    for (const { names, entries } of tree.folders) {
      const place = await this.#folder.findNames(names);
      await mkdir(place.path, { recursive: true });
      this.#watch.watch(names, place.path, entries);
    }
    await tree.forEachFile(async (path) => await this.#turns.take(path, async () => await this.#pull(path)));
  }

  /** The session's content, into the folder. */
  async #pull(path: string): Promise<void> {
    try {
      const bytes = await this.#options.remote.read(path);
      const place = await this.#folder.find(path);
      await mkdir(dirname(place.path), { recursive: true });
      const known = this.#mirrored.get(path);
      const digest = digestOf(bytes);
      if (known?.digest === digest && place.stat !== undefined) return;
      const signature = await this.#folder.write(place, bytes);
      this.#mirrored.remember(path, bytes, signature!);
      this.counts.files += known === undefined ? 1 : 0;
      this.counts.bytes += bytes.length;
    } catch (error) {
      this.counts.skipped += 1;
      this.#tellSkipped(path, error);
    }
  }

  #tellSkipped(path: string, error: unknown): void {
    const reason = error instanceof TooManyFiles ? error.message : faultFor(error).message;
    this.#options.desk.tell({ event: 'file.skipped', path, reason });
  }

  /** Documents that anybody has opened are followed: from then on their words say what is in the file. */
  #followDocuments(): void {
    const { remote } = this.#options;
    for (const path of remote.documents) {
      if (this.#files.has(path) || this.#turns.has(path)) continue;
      if (this.#mirrored.get(path)?.isMergeable !== true || !remote.hasText(path)) continue;
      void this.#turns.take(path, async () => await this.#adopt(path));
    }
  }

  /** Whether the document says from now on what is in the file. */
  async #adopt(path: string): Promise<void> {
    const known = this.#mirrored.get(path);
    const base = known && (await this.#baseOf(path, known));
    if (base !== undefined) this.#files.adopt(path, base, known!.signature);
  }

  /** What both sides last had in common; undefined where neither has it any more. */
  async #baseOf(path: string, known: Mirrored): Promise<Uint8Array | undefined> {
    if (!known.isMergeable) return undefined;
    const kept = this.#mirrored.contentOf(path);
    if (kept !== undefined) return kept;
    const here = async (): Promise<Uint8Array> => await this.#folder.read(await this.#folder.find(path));
    for (const read of [here, async () => await this.#options.remote.read(path)]) {
      const bytes = await read().catch(() => undefined);
      if (bytes !== undefined && digestOf(bytes) === known.digest) return bytes;
    }
    this.#mirrored.loseBase(path);
    return undefined;
  }

  async #onRemoteChange(path: string, kind: 'written' | 'deleted'): Promise<void> {
    if (this.#files.has(path) && kind === 'written') return;
    if (kind === 'deleted') return await this.#removeHere(path);
    const entry = await this.#options.remote.stat(path).catch(() => undefined);
    if (entry === undefined) return;
    if (entry.type === 'folder') {
      return await this.#fetchTree(this.#newTree(), [path.split('/').slice(1)]);
    }
    if (!(await this.#isUntouched(path))) return await this.#push(path);
    await this.#pull(path);
  }

  async #removeHere(path: string): Promise<void> {
    const isUntouched = this.#files.has(path) || (await this.#isUntouched(path));
    this.#files.forget(path);
    this.#mirrored.forget(path);
    if (!isUntouched) return;
    // What is nobody else's stays, and its folder with it.
    const place = await this.#outgoing.find(path).catch(() => undefined);
    if (place?.stat !== undefined) await this.#outgoing.remove(place).catch(() => undefined);
  }

  async #isUntouched(path: string): Promise<boolean> {
    const { stat } = await this.#folder.find(path);
    const known = this.#mirrored.get(path);
    return stat === undefined || stat.isDirectory() || isSameFile(known?.signature, signatureOf(stat));
  }

  async #onLocalChanges(changes: readonly EntryChange[]): Promise<void> {
    for (const { names } of changes) {
      const path = writeMemberPath(names, this.#folder.name);
      await this.#turns
        .take(path, async () => await this.#onLocalChange(path, names))
        .catch((error: unknown) => this.#tellSkipped(path, error));
    }
  }

  async #onLocalChange(path: string, names: readonly string[]): Promise<void> {
    const isKnown = this.#mirrored.has(path) || this.#files.has(path);
    const place = await (isKnown ? this.#folder : this.#outgoing).find(path).catch(() => undefined);
    if (place === undefined) return;
    if (place.stat === undefined) return await this.#onLocalAbsence(path);
    if (place.stat.isDirectory()) return await this.#sendFolder(path, names);
    if (this.#files.has(path)) return await this.#files.look(path);
    if (isSameFile(this.#mirrored.get(path)?.signature, signatureOf(place.stat))) return;
    await this.#push(path);
  }

  async #onLocalAbsence(path: string): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, absenceMs));
    const { stat } = await this.#folder.find(path);
    if (stat !== undefined) return await this.#onLocalChange(path, path.split('/').slice(1));
    if (!this.#mirrored.hasAtOrBelow(path)) return;
    if (this.#options.remote.isReadOnly) return await this.#pull(path);
    await this.#options.remote.remove(path);
    await this.#removeHere(path);
  }

  async #sendFolder(path: string, names: readonly string[]): Promise<void> {
    if (this.#options.remote.isReadOnly) return;
    const place = await this.#outgoing.find(path);
    const entries = await this.#outgoing.list(place);
    if ((await this.#options.remote.stat(path).catch(() => undefined)) === undefined)
      await this.#options.remote.makeFolder(path);
    this.#watch.watch(names, place.path, entries.keys());
    await this.#onLocalChanges(
      [...entries.keys()].map((name) => ({ kind: 'created', names: [...names, name] })),
    );
  }

  /** What is new here goes into the session: by the document where there is one, or else as a whole. */
  async #push(path: string): Promise<void> {
    const { remote } = this.#options;
    const place = await this.#folder.find(path);
    const bytes = await this.#folder.read(place);
    const known = this.#mirrored.get(path);
    if (known?.digest === digestOf(bytes))
      return this.#mirrored.remember(path, bytes, signatureOf(place.stat!));
    if (remote.isReadOnly) {
      await this.#keepMine(path, bytes);
      this.#mirrored.forget(path);
      return await this.#pull(path);
    }
    // The base first: a host that has opened the document has what others type, too.
    const base = known && (await this.#baseOf(path, known));
    if (base !== undefined && (await remote.openDocument(path)))
      if (this.#files.adopt(path, base, known!.signature)) return await this.#files.look(path);
    const theirs = await readIfThere(remote, path);
    const isTheirsNew = theirs !== undefined && digestOf(theirs) !== known?.digest;
    if (isTheirsNew && digestOf(theirs) !== digestOf(bytes)) {
      await this.#keepMine(path, bytes);
      return await this.#pull(path);
    }
    await remote.write(path, bytes);
    this.#mirrored.remember(path, bytes, signatureOf(place.stat!));
  }

  /** What cannot go into the session stays here, beside the session's file. */
  async #keepMine(path: string, bytes: Uint8Array): Promise<void> {
    const mine = `${path}.mine`;
    await this.#folder.write(await this.#folder.find(mine), bytes);
    this.#options.desk.tell({ event: 'file.kept', path, copy: join(this.root, ...mine.split('/').slice(1)) });
  }
}
