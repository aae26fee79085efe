/**
 * One file that members edit: its document in the session and its content on the disk, kept the same. What was typed and
 * what was changed on the disk meanwhile are merged, both ways; nothing is written over that has not been read.
 */
import type * as Y from 'yjs';
import { isSameFile, signatureOf } from './core/file-signature.ts';
import type { FileSignature } from './core/file-signature.ts';
import { changeText, emptyFile, readTextFile, writeTextFile } from './core/file-form.ts';
import type { TextFile } from './core/file-form.ts';
import { diffText, rebaseEdits } from './core/text-edits.ts';
import { FolderFault } from './folder-fault.ts';
import type { Place, SharedFolder } from './shared-folder.ts';

/** Why a file has no document. */
export type Refusal = 'binary' | 'encoding' | 'line ends' | 'too large' | 'no file';

export interface SharedFileOptions {
  readonly path: string;
  readonly folder: SharedFolder;
  readonly text: Y.Text;
  /** Transactions with it are the host's own. */
  readonly origin: object;
  readonly onChange: (file: SharedFile) => void;
  /** Whether what is new on the disk may go into the document; else `onRejected` is told of it, and it is written over. */
  readonly mayEdit?: () => boolean;
  readonly onRejected?: (path: string, bytes: Uint8Array) => Promise<void>;
}

export type SaveOutcome = 'saved' | 'unchanged';

/** Larger texts are slow in every editor of a session, and their document is sent whole to whoever joins. */
const textMaxBytes = 4 * 1_024 * 1_024;
/** Somebody else writes the file all the time: later, then. */
const triesMax = 20;

export class SharedFile {
  readonly path: string;
  readonly #options: SharedFileOptions;
  #file: TextFile = emptyFile;
  #signature: FileSignature | undefined;
  /** The document's text, until it changes: asked for with every file that is written. */
  #typed: string | undefined;
  #work: Promise<unknown> = Promise.resolve();
  readonly #observer = (_: unknown, transaction: Y.Transaction): void => {
    this.#typed = undefined;
    if (transaction.origin !== this.#options.origin) this.#options.onChange(this);
  };

  constructor(options: SharedFileOptions) {
    this.path = options.path;
    this.#options = options;
    options.text.observe(this.#observer);
  }

  /**
   * Takes the file into the document; says why not where it is no text. `hadDocument`: its path had one before, of a file
   * that was removed or renamed; what that left gives way. Without it, what is there was typed by somebody who was early.
   */
  async open(hadDocument = false): Promise<Refusal | undefined> {
    return await this.#inTurn(async () => {
      try {
        const left = hadDocument ? this.#tidyText() : '';
        this.#file = { hasMark: false, raw: left, text: left };
        await this.#takeFromDisk(false);
        return this.#signature === undefined ? 'no file' : undefined;
      } catch (error) {
        if (error instanceof Unfit) return error.refusal;
        if (error instanceof FolderFault) return error.code === 'EFBIG' ? 'too large' : 'no file';
        throw error;
      }
    });
  }

  /** Begins with what document and disk last had in common; false where that is no text. */
  adopt(bytes: Uint8Array, signature: FileSignature): boolean {
    const content = readTextFile(bytes);
    if (content.kind === 'refused') return false;
    this.#file = content.file;
    this.#signature = signature;
    return true;
  }

  /** As far as it was looked at. */
  get isOnDisk(): boolean {
    return this.#signature !== undefined;
  }

  /** Characters of the document. */
  get length(): number {
    return this.#options.text.length;
  }

  get isUnsaved(): boolean {
    return this.#currentText() !== this.#file.text;
  }

  /** As the file would be if it were written now. */
  get bytes(): Uint8Array {
    return writeTextFile(changeText(this.#file, this.#currentText()));
  }

  /** Looks whether somebody else has changed the file. `isSure`: also where it looks the same. */
  async look(isSure = false): Promise<boolean> {
    return await this.#inTurn(async () => await this.#takeFromDisk(isSure));
  }

  /** Writes what was typed; first takes in what is new on the disk. Rejects where the disk does not let it. */
  async save(): Promise<SaveOutcome> {
    return await this.#inTurn(async () => {
      for (let tries = 0; tries < triesMax; tries += 1) {
        const place = await this.#options.folder.find(this.path);
        await this.#takeIn(place, false);
        const wanted = this.#currentText();
        if (wanted === this.#file.text) return 'unchanged';
        if (await this.#write(place, changeText(this.#file, wanted))) return 'saved';
      }
      throw new FolderFault('EIO', 'somebody else writes it all the time');
    });
  }

  /** Another content for the document, as if it had been written to the disk. */
  async replaceText(bytes: Uint8Array): Promise<void> {
    const read = readTextFile(bytes);
    if (read.kind === 'refused') throw new FolderFault('EINVAL', read.reason);
    await this.#inTurn(() => {
      const { text } = read.file;
      this.#edit(diffText(this.#tidyText(), text));
      return Promise.resolve();
    });
    await this.save();
  }

  dispose(): void {
    this.#options.text.unobserve(this.#observer);
  }

  async #takeFromDisk(isSure: boolean): Promise<boolean> {
    return await this.#takeIn(await this.#options.folder.find(this.path), isSure);
  }

  async #takeIn(place: Place, isSure: boolean): Promise<boolean> {
    const seen = place.stat === undefined ? undefined : signatureOf(place.stat);
    if (isSameFile(this.#signature, seen) && !(isSure && seen !== undefined)) return false;
    if (seen === undefined) {
      // What is typed from now on makes it anew.
      this.#signature = undefined;
      return true;
    }
    if (place.stat!.size > textMaxBytes) throw new Unfit('too large');
    const bytes = await this.#options.folder.read(place);
    const content = readTextFile(bytes);
    if (content.kind === 'refused') throw new Unfit(content.reason);
    const isNew = content.file.raw !== this.#file.raw;
    if (this.#options.mayEdit?.() ?? true) this.#merge(content.file);
    else await this.#reject(content.file, bytes);
    this.#signature = seen;
    return isNew;
  }

  #merge(file: TextFile): void {
    const typed = this.#tidyText();
    if (file.text !== typed)
      this.#edit(rebaseEdits(diffText(this.#file.text, file.text), diffText(this.#file.text, typed)));
    this.#file = file;
  }

  async #reject(file: TextFile, bytes: Uint8Array): Promise<void> {
    if (file.text !== this.#file.text) await this.#options.onRejected?.(this.path, bytes);
    this.#file = file;
  }

  #edit(edits: ReturnType<typeof diffText>): void {
    const { text, origin } = this.#options;
    if (edits.length === 0) return;
    text.doc!.transact(() => {
      for (const { at, remove, insert } of edits.toReversed()) {
        if (remove > 0) text.delete(at, remove);
        if (insert !== '') text.insert(at, insert);
      }
    }, origin);
  }

  async #write(place: Place, file: TextFile): Promise<boolean> {
    const { folder } = this.#options;
    const isStillWanted = async (): Promise<boolean> => {
      const { stat, path } = await folder.find(this.path);
      return path === place.path && isSameFile(this.#signature, stat && signatureOf(stat));
    };
    const written = await folder.write(place, writeTextFile(file), isStillWanted);
    if (written === undefined) return false;
    this.#file = file;
    this.#signature = written;
    return true;
  }

  /** Some clients insert line ends as their platform has them; a document has LF. */
  #tidyText(): string {
    const { text, origin } = this.#options;
    const found = text.toJSON();
    if (!found.includes('\r')) return found;
    text.doc!.transact(() => {
      for (let at = found.lastIndexOf('\r'); at >= 0; at = found.lastIndexOf('\r', at - 1)) {
        text.delete(at, 1);
        if (found[at + 1] !== '\n') text.insert(at, '\n');
        if (at === 0) break;
      }
    }, origin);
    return text.toJSON();
  }

  #currentText(): string {
    this.#typed ??= this.#options.text.toJSON().replaceAll(/\r\n?/g, '\n').toWellFormed();
    return this.#typed;
  }

  /** One thing after the other, whatever became of the one before. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#work.then(work, work);
    this.#work = turn.catch(() => undefined);
    return await turn;
  }
}

class Unfit extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(`the file is not editable: ${refusal}`);
    this.refusal = refusal;
  }
}
