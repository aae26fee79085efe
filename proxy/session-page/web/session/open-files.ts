/**
 * The files that are open in tabs. A file can be edited once the host has put its text into the shared document: only the host does
 * that, for a text that two members put in would be there twice. Until then its picture on the host's disk is shown.
 */
import * as Y from 'yjs';
import { describeFault } from '../link/describe-fault.ts';
import { Store } from '../store.ts';
import type { SharedFolder } from './folder.ts';
import type { SharedDocuments } from './shared-documents.ts';

export interface OpenFile {
  readonly path: string;
  /**
   * `waiting`: for the host to share the text; `plain`: shown only, with the reason in `note`; `gone`: it was `ready`, and
   * its file has been removed or has another name, so nobody would keep what is typed.
   */
  readonly state: 'loading' | 'waiting' | 'ready' | 'plain' | 'gone';
  /** What stands on the host's disk. */
  readonly picture: string;
  readonly note: string;
  readonly undo: Y.UndoManager | undefined;
}

export interface FilesView {
  readonly files: readonly OpenFile[];
  readonly active: string | undefined;
}

/** Of a file, or of all in a folder. */
export interface PathChange {
  readonly path: string;
  readonly isGone: boolean;
}

/** A larger file gets no shared text. */
export const textSizeMax = 2 * 1024 * 1024;
const binaryProbeBytes = 8_192;
const askAgainAfterMs = 3_000;
const goneNote = 'It is gone from the host’s disk, or has another name there.';

interface OpenFilesOptions {
  readonly folder: SharedFolder;
  readonly documents: SharedDocuments;
  /** Asks the host to put the text into the document, where it is not there yet. */
  readonly askForText: (path: string, picture: string) => void;
}

export class OpenFiles {
  readonly store = new Store<FilesView>({ files: [], active: undefined });
  readonly #options: OpenFilesOptions;

  constructor(options: OpenFilesOptions) {
    this.#options = options;
  }

  async open(path: string): Promise<void> {
    const known = this.#find(path);
    this.store.set({ active: path });
    if (known !== undefined && known.state !== 'plain') return;
    const { files } = this.store.value;
    const file: OpenFile = { path, state: 'loading', picture: '', note: '', undo: undefined };
    this.store.set({
      files: known === undefined ? [...files, file] : files.map((other) => (other === known ? file : other)),
    });
    await this.#load(file);
  }

  /** What the host says of its disk. A file that is back is opened anew. */
  async note(changes: readonly PathChange[]): Promise<void> {
    for (const { path, isGone } of changes)
      for (const known of this.#pathsUnder(path)) {
        if (isGone) this.#loseFile(known);
        else await this.#openAnew(known);
      }
  }

  close(path: string): void {
    const { files, active } = this.store.value;
    this.#find(path)?.undo?.destroy();
    const at = files.findIndex((file) => file.path === path);
    const rest = files.filter((file) => file.path !== path);
    const next = active === path ? (rest[at] ?? rest[at - 1])?.path : active;
    this.store.set({ files: rest, active: next });
  }

  /** Closes a file, or all of a folder; gives those that were open. */
  closeUnder(path: string): string[] {
    const paths = this.#pathsUnder(path);
    for (const known of paths) this.close(known);
    return paths;
  }

  /** They will not become ready. */
  closeUnready(): void {
    for (const { path, state } of this.store.value.files)
      if (state !== 'ready' && state !== 'gone') this.close(path);
  }

  #pathsUnder(path: string): string[] {
    return this.store.value.files
      .map((file) => file.path)
      .filter((known) => known === path || known.startsWith(`${path}/`));
  }

  #loseFile(path: string): void {
    const file = this.#find(path);
    if (file === undefined || file.state === 'gone') return;
    file.undo?.destroy();
    const state = file.state === 'ready' ? 'gone' : 'plain';
    this.#become(file, { state, note: goneNote, picture: '', undo: undefined });
  }

  async #openAnew(path: string): Promise<void> {
    const isLost = (): boolean => ['gone', 'plain'].includes(this.#find(path)?.state ?? '');
    if (!isLost()) return;
    try {
      await this.#options.folder.size(path);
    } catch {
      return;
    }
    if (isLost()) await this.#load(this.#become(this.#find(path)!, { state: 'loading', note: '' }));
  }

  async #load(file: OpenFile): Promise<void> {
    try {
      await this.#read(file);
    } catch (error) {
      this.#become(file, { state: 'plain', note: `It cannot be read: ${describeFault(error)}` });
    }
  }

  async #read(file: OpenFile): Promise<void> {
    const { path } = file;
    const { folder, documents, askForText } = this.#options;
    if (!documents.hasContent(path) && (await folder.size(path)) > textSizeMax)
      return void this.#become(file, { state: 'plain', note: 'It is too large to be edited here.' });
    const picture = documents.hasContent(path) ? '' : decode(await folder.read(path));
    if (picture === undefined)
      return void this.#become(file, {
        state: 'plain',
        note: 'It is no text in UTF-8, so it is not shown.',
      });
    if (this.#find(path) !== file) return;
    askForText(path, picture);
    if (picture === '' || documents.hasContent(path)) return this.#makeReady(file);
    this.#awaitText(this.#become(file, { state: 'waiting', picture }));
  }

  /** The text comes, or a word of the host that it does not. */
  #awaitText(file: OpenFile): void {
    const { path, picture } = file;
    const { documents, askForText } = this.#options;
    const text = documents.text(path);
    const asking = setInterval(() => askForText(path, picture), askAgainAfterMs);
    const look = (): void => {
      const isOpen = this.#find(path) === file;
      const refusal = documents.refusalOf(path);
      const isReady = documents.hasContent(path);
      if (isOpen && !isReady && refusal === undefined) return;
      clearInterval(asking);
      text.unobserve(look);
      documents.awareness.off('change', look);
      if (isReady) this.#makeReady(file);
      else this.#become(file, { state: 'plain', note: `The host does not share its text: ${refusal}.` });
    };
    text.observe(look);
    documents.awareness.on('change', look);
  }

  #makeReady(file: OpenFile): void {
    if (this.#find(file.path) !== file) return;
    const undo = new Y.UndoManager(this.#options.documents.text(file.path));
    this.#become(file, { state: 'ready', picture: '', undo });
  }

  /** Whoever has closed it meanwhile does not see it again. */
  #become(file: OpenFile, more: Partial<OpenFile>): OpenFile {
    const next = { ...file, ...more };
    const files = this.store.value.files.map((other) => (other === file ? next : other));
    this.store.set({ files });
    return next;
  }

  #find(path: string): OpenFile | undefined {
    return this.store.value.files.find((file) => file.path === path);
  }
}

/** With line ends as the shared document has them; undefined where it is no text. */
export function decode(bytes: Uint8Array): string | undefined {
  if (bytes.subarray(0, binaryProbeBytes).includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n');
  } catch {
    return undefined;
  }
}
