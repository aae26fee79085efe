/**
 * A log file that begins anew when it is large or old enough, when it is told to, and when somebody has moved it away. Several
 * processes may write to one: each line goes whole into the file or into one that was it, and none is lost.
 */
import {
  appendFileSync,
  close,
  existsSync,
  fstat,
  fstatSync,
  linkSync,
  mkdirSync,
  open,
  openSync,
  unlinkSync,
  write,
  writeFileSync,
} from 'node:fs';
import { mkdir, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { LogTarget } from './log-sink.ts';

export interface LogFileBounds {
  /** 0: any size. */
  readonly maxBytes: number;
  /** 0: any age. */
  readonly maxAgeMs: number;
  /** Files that are kept of those that were full or old; 0: all. */
  readonly keptFiles: number;
  /** What a new file begins with. */
  readonly head?: string;
}

const writeLater = promisify(write);
const openLater = promisify(open);
const closeLater = promisify(close);
const lookLater = promisify(fstat);
/** What `#nameForOld` makes: files of others are never removed. */
const oldNameEnd = /^\d{8}T\d{9}Z-\d{3}-\d+$/;
const pieceMaxBytes = 65_536;
/** Not with every write: who moved the file writes on in it for so long at most. */
const lookIntervalMs = 1_000;
/** A folder that forbids it is not asked with every write. */
const rotateRetryMs = 60_000;
const fileMode = 0o640;

export class LogFile implements LogTarget {
  readonly pieceMaxBytes = pieceMaxBytes;
  readonly #path: string;
  readonly #bounds: LogFileBounds;
  readonly #nowMs: () => number;
  readonly #head: Buffer;
  #descriptor: number;
  #inode = 0;
  #bytes = 0;
  #bornAtMs = 0;
  #lookedAtMs = 0;
  #rotatesFromMs = 0;
  #isStale = false;
  #count = 0;

  /** Throws where the file cannot be opened: at the start somebody is there to read it. */
  constructor(path: string, bounds: LogFileBounds, nowMs: () => number = Date.now) {
    this.#path = path;
    this.#bounds = bounds;
    this.#nowMs = nowMs;
    mkdirSync(dirname(path), { recursive: true });
    this.#head = Buffer.from(bounds.head ?? '');
    beginFile(path, this.#head);
    this.#descriptor = openSync(path, 'a', fileMode);
    this.#note(fstatSync(this.#descriptor));
  }

  async write(bytes: Buffer): Promise<number> {
    if (this.#isStale || (await this.#isMoved())) await this.#openAnew();
    if (this.#isOver(bytes.length)) await this.#rotate();
    const { bytesWritten } = await writeLater(this.#descriptor, bytes);
    this.#bytes += bytesWritten;
    return bytesWritten;
  }

  reopen(): void {
    this.#isStale = true;
  }

  #note(facts: { ino: number; size: number; birthtimeMs: number }): void {
    this.#inode = facts.ino;
    this.#bytes = facts.size;
    this.#bornAtMs = facts.birthtimeMs > 0 ? facts.birthtimeMs : this.#nowMs();
  }

  #isOver(more: number): boolean {
    const { maxBytes, maxAgeMs } = this.#bounds;
    if (this.#bytes <= this.#head.length || this.#nowMs() < this.#rotatesFromMs) return false;
    const isLarge = maxBytes > 0 && this.#bytes + more > maxBytes;
    return isLarge || (maxAgeMs > 0 && this.#nowMs() - this.#bornAtMs >= maxAgeMs);
  }

  async #isMoved(): Promise<boolean> {
    const now = this.#nowMs();
    if (Math.abs(now - this.#lookedAtMs) < lookIntervalMs) return false;
    this.#lookedAtMs = now;
    const facts = await stat(this.#path).catch(() => undefined);
    if (facts?.ino === this.#inode) {
      // Others write to it too.
      this.#bytes = facts.size;
      return false;
    }
    return true;
  }

  async #openAnew(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    const before = this.#descriptor;
    this.#isStale = false;
    beginFile(this.#path, this.#head);
    this.#descriptor = await openLater(this.#path, 'a', fileMode);
    this.#note(await lookLater(this.#descriptor));
    await closeLater(before);
  }

  async #rotate(): Promise<void> {
    const facts = await stat(this.#path).catch(() => undefined);
    try {
      // Another process was faster: its new file is the one to go on with.
      if (facts?.ino === this.#inode) await rename(this.#path, this.#nameForOld());
    } catch (error) {
      // Moved away in between: the next one is begun all the same.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#rotatesFromMs = this.#nowMs() + rotateRetryMs;
        return;
      }
    }
    await this.#openAnew();
    await this.#removeOldest();
  }

  /** In the order of time when sorted by name, and never one that another process takes. */
  #nameForOld(): string {
    const time = new Date(this.#nowMs()).toISOString().replaceAll(/[-:.]/g, '');
    const number = String(this.#count++ % 1_000).padStart(3, '0');
    return `${this.#path}.${time}-${number}-${process.pid}`;
  }

  async #removeOldest(): Promise<void> {
    const { keptFiles } = this.#bounds;
    if (keptFiles === 0) return;
    const folder = dirname(this.#path);
    const start = `${basename(this.#path)}.`;
    const isOld = (name: string): boolean =>
      name.startsWith(start) && oldNameEnd.test(name.slice(start.length));
    const old = (await readdir(folder)).filter(isOld).toSorted();
    const superfluous = old.slice(0, Math.max(0, old.length - keptFiles));
    await Promise.all(superfluous.map((name) => unlink(join(folder, name)).catch(() => undefined)));
  }
}

/**
 * Makes a file with its head, whole or not at all, where there is none: of several processes one does. Once a file, and a few bytes: so it
 * may be done at once.
 */
function beginFile(path: string, head: Buffer): void {
  if (head.length === 0 || existsSync(path)) return;
  const draft = `${path}.${process.pid}.draft`;
  writeFileSync(draft, head, { mode: fileMode });
  try {
    linkSync(draft, path);
  } catch (error) {
    // A file system may have no links; then a line of another process may come before the head.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') appendFileSync(path, head, { mode: fileMode });
  } finally {
    unlinkSync(draft);
  }
}
