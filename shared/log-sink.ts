/**
 * Lines on their way to where they are kept. Adding one never waits: they are gathered, written one piece at a time, and held
 * up to a bound while the target takes none. Beyond it they are dropped and counted, and the count is told when it goes on.
 */
export interface LogTarget {
  /** Most bytes of whole lines that one write is given. */
  readonly pieceMaxBytes: number;
  /** Writes a part, and says how many bytes that were. Must not block this thread. */
  write(bytes: Buffer): number | Promise<number>;
  /** Begins anew where the target is a file that somebody has moved. */
  reopen(): void;
}

export type HearDropped = (lines: number, cause: string) => void;

/** Adding to a text is cheap, and a write is not. */
const gatheredMaxLength = 49_152;
const flushIntervalMs = 1_000;
const flushMaxMs = 500;
/** A reader that is slow reads on soon; a disk that is full stays so for a while. */
const busyPauseMs = 20;
const faultPauseMs = 500;
const lineEnd = 10;

export class LogSink {
  readonly #target: LogTarget;
  readonly #heldMaxBytes: number;
  readonly #onDropped: HearDropped;
  #gathered = '';
  #held: Buffer[] = [];
  #heldBytes = 0;
  #isFull = false;
  #isWriting = false;
  #droppedLines = 0;
  #cause = 'busy';
  #onEmpty: (() => void) | undefined;

  /** `onDropped` hears once of all lines that were dropped, as soon as the target takes lines again. */
  constructor(target: LogTarget, heldMaxBytes: number, onDropped: HearDropped) {
    this.#target = target;
    this.#heldMaxBytes = heldMaxBytes;
    this.#onDropped = onDropped;
    setInterval(() => this.#handOver(), flushIntervalMs).unref();
  }

  /** Lines that nobody was told of yet. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  /** One whole line, with its end. False where it was dropped. */
  add(line: string): boolean {
    if (this.#isFull) {
      this.#droppedLines++;
      return false;
    }
    this.#gathered += line;
    if (this.#gathered.length > gatheredMaxLength) this.#handOver();
    return true;
  }

  reopen(): void {
    this.#target.reopen();
  }

  /** Resolves when all is written, or after half a second. */
  async flush(): Promise<void> {
    this.#handOver();
    if (this.#heldBytes === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    const deadline = setTimeout(resolve, flushMaxMs);
    await promise;
    clearTimeout(deadline);
  }

  #handOver(): void {
    if (this.#gathered === '') return;
    const bytes = Buffer.from(this.#gathered, 'utf8');
    this.#gathered = '';
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    this.#isFull ||= this.#heldBytes > this.#heldMaxBytes;
    if (!this.#isWriting) void this.#writeAll();
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#held.length > 0) {
      try {
        this.#advance(await this.#target.write(this.#nextPiece()));
      } catch (error) {
        await this.#bear((error as NodeJS.ErrnoException).code ?? 'unknown');
      }
      this.#goOn();
    }
    this.#isWriting = false;
    this.#onEmpty?.();
  }

  /** Whole lines, unless one is longer than a piece. */
  #nextPiece(): Buffer {
    const [bytes] = this.#held as [Buffer];
    const { pieceMaxBytes } = this.#target;
    if (bytes.length <= pieceMaxBytes) return bytes;
    const end = bytes.lastIndexOf(lineEnd, pieceMaxBytes - 1) + 1;
    return bytes.subarray(0, end === 0 ? pieceMaxBytes : end);
  }

  #advance(written: number): void {
    const [bytes] = this.#held as [Buffer];
    this.#heldBytes -= written;
    if (written === bytes.length) this.#held.shift();
    else this.#held[0] = bytes.subarray(written);
  }

  /** What is held waits for better times, except where there is nobody any more who could read it. */
  async #bear(cause: string): Promise<void> {
    this.#cause = cause;
    if (isGone(cause)) return this.#dropHeld();
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, cause === 'EAGAIN' ? busyPauseMs : faultPauseMs).unref();
    await promise;
  }

  #dropHeld(): void {
    for (const bytes of this.#held) this.#droppedLines += countLines(bytes);
    this.#held = [];
    this.#heldBytes = 0;
  }

  #goOn(): void {
    if (this.#heldBytes > this.#heldMaxBytes / 2) return;
    this.#isFull = false;
    if (this.#droppedLines === 0) return;
    const lines = this.#droppedLines;
    this.#droppedLines = 0;
    this.#onDropped(lines, this.#cause);
  }
}

/** Nobody reads there any more. */
export function isGone(cause: string): boolean {
  return cause === 'EPIPE' || cause === 'EBADF';
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(lineEnd); at !== -1; at = bytes.indexOf(lineEnd, at + 1)) count++;
  return count;
}
