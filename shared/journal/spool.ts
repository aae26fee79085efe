/**
 * Records on their way to the store, in memory and in a file, until they have arrived: they outlive the process, also one that is
 * killed. Told twice rather than not at all. Bounded: what comes when it is full is dropped, and counted.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { parseRecord } from './journal-record.ts';
import type { JournalRecord } from './journal-record.ts';

interface SpoolOptions {
  readonly folder: string;
  /** Of the edge or front door: what an earlier process of this name has left is taken along. */
  readonly name: string;
  readonly bootId: string;
  readonly recordsMax?: number;
}

/** A day of a session that opens or ends every two seconds; some 20 MB. */
const recordsMaxDefault = 50_000;
/** Bytes of records that have arrived, after which a file that never gets empty is written anew. */
const arrivedMaxBytes = 4_194_304;

interface Kept {
  readonly record: JournalRecord;
  readonly line: string;
}

export class Spool {
  readonly #path: string;
  readonly #recordsMax: number;
  readonly #kept: Kept[];
  #file: FileHandle;
  #unwritten: Kept[] = [];
  #fileBytes = 0;
  #keptBytes: number;
  #writing: Promise<void> | undefined;
  #dropped = 0;
  /** The file may end amid a line. */
  #isTorn = false;
  /** In a row. */
  #failures = 0;
  #onAdded: () => void = () => undefined;
  #onFailed: (error: unknown) => void = () => undefined;

  /** Takes over what processes of the name that have ended left behind; rejects where the folder cannot be written. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { folder, name, bootId } = options;
    const path = join(folder, `journal-${name}-${process.pid}-${bootId}.spool`);
    const left = findLeft(folder, name);
    const kept = left.flatMap(readSpool);
    const spool = new Spool({ path, kept, file: await writeAnew(path, kept) }, options);
    for (const old of left) rmSync(old, { force: true });
    return spool;
  }

  private constructor(
    { path, kept, file }: { path: string; kept: Kept[]; file: FileHandle },
    { recordsMax = recordsMaxDefault }: SpoolOptions,
  ) {
    this.#path = path;
    this.#recordsMax = recordsMax;
    this.#kept = kept;
    this.#file = file;
    this.#keptBytes = sizeOf(kept);
    this.#fileBytes = this.#keptBytes;
  }

  /** Records that have not arrived. */
  get waiting(): number {
    return this.#kept.length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Called when the file cannot be written any more: until it can, what it lacks is in memory alone. */
  whenFailed(call: (error: unknown) => void): void {
    this.#onFailed = call;
  }

  /** Called after a record was added, by one who carries them. */
  whenAdded(call: () => void): void {
    this.#onAdded = call;
  }

  add(record: JournalRecord): void {
    if (this.#kept.length >= this.#recordsMax) {
      this.#dropped++;
      return;
    }
    const line = `${JSON.stringify(record)}\n`;
    const kept = { record, line };
    this.#kept.push(kept);
    this.#keptBytes += line.length;
    this.#unwritten.push(kept);
    this.#write();
    this.#onAdded();
  }

  /** The oldest ones. */
  peek(limit: number): readonly JournalRecord[] {
    return this.#kept.slice(0, limit).map(({ record }) => record);
  }

  /** So many of the oldest have arrived. */
  remove(count: number): void {
    this.#keptBytes -= sizeOf(this.#kept.splice(0, count));
    this.#write();
  }

  /** Nothing is left to be written; what has not arrived stays in the file. */
  async close(): Promise<void> {
    // One write may follow the other.
    while (this.#writing !== undefined) await this.#writing;
    await this.#file.close();
    if (this.#kept.length === 0) rmSync(this.#path, { force: true });
  }

  #write(): void {
    this.#writing ??= this.#writeOn().finally(() => {
      this.#writing = undefined;
      // Came or arrived after the last look.
      const isBehind = this.#unwritten.length > 0 || (this.#kept.length === 0 && this.#fileBytes > 0);
      if (isBehind && this.#failures === 0) this.#write();
    });
  }

  async #writeOn(): Promise<void> {
    try {
      if (this.#kept.length === 0 && this.#fileBytes > 0) await this.#empty();
      while (this.#unwritten.length > 0) await this.#append();
      if (this.#fileBytes - this.#keptBytes > arrivedMaxBytes) await this.#rewrite();
      this.#failures = 0;
    } catch (error) {
      if (this.#failures++ === 0) this.#onFailed(error);
    }
  }

  async #empty(): Promise<void> {
    this.#unwritten = [];
    this.#fileBytes = 0;
    await this.#file.truncate(0);
  }

  async #append(): Promise<void> {
    const some = this.#unwritten;
    this.#unwritten = [];
    try {
      const lines = some.map(({ line }) => line).join('');
      await this.#file.appendFile(this.#isTorn ? `\n${lines}` : lines);
      this.#isTorn = false;
      this.#fileBytes += sizeOf(some);
    } catch (error) {
      this.#isTorn = true;
      this.#unwritten = [...some, ...this.#unwritten];
      throw error;
    }
  }

  async #rewrite(): Promise<void> {
    const kept = [...this.#kept];
    this.#unwritten = [];
    const old = this.#file;
    this.#file = await writeAnew(this.#path, kept);
    this.#fileBytes = sizeOf(kept);
    await old.close();
  }
}

/** Open for more to be added; there whole, or as it was before. */
async function writeAnew(path: string, kept: readonly Kept[]): Promise<FileHandle> {
  const draft = `${path}.draft`;
  // Each write goes to the end, also after the file was emptied.
  const file = await open(draft, 'a', 0o600);
  try {
    await file.truncate(0);
    await file.appendFile(kept.map(({ line }) => line).join(''));
    await rename(draft, path);
  } catch (error) {
    await file.close();
    rmSync(draft, { force: true });
    throw error;
  }
  return file;
}

/** Process id and boot. */
const ownerPattern = /^(\d+)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function findLeft(folder: string, name: string): string[] {
  const [prefix, suffix] = [`journal-${name}-`, '.spool'];
  return readdirSync(folder)
    .filter((file) => file.startsWith(prefix) && file.endsWith(suffix))
    .filter((file) => hasEnded(ownerPattern.exec(file.slice(prefix.length, -suffix.length))?.[1]))
    .map((file) => join(folder, file));
}

/** Of a number that is ours now, it was an earlier process. */
function hasEnded(processId: string | undefined): boolean {
  if (processId === undefined) return false;
  const pid = Number(processId);
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function readSpool(path: string): Kept[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const record = parseRecord(line);
      return record === undefined ? [] : [{ record, line: `${line}\n` }];
    });
}

function sizeOf(kept: readonly Kept[]): number {
  return kept.reduce((sum, { line }) => sum + line.length, 0);
}
