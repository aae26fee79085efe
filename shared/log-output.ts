/** Standard output as a target of the log: a pipe whose reader is stuck refuses at once, and keeps no thread waiting. */
import { fstatSync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { LogTarget } from './log-sink.ts';

const standardOutput = 1;
/** What a pipe takes whole or not at all (PIPE_BUF): lines of several processes do not get into each other. */
const pipePieceMaxBytes = 4_096;
const pieceMaxBytes = 65_536;

const writeLater = promisify(write);

export function openStandardOutput(): LogTarget {
  const kind = fstatSync(standardOutput);
  if (!kind.isFIFO() && !kind.isSocket()) return new OutputFile();
  // Opens the descriptor as a stream, which makes it one that does not block.
  return process.stdout.writable ? new OutputPipe(kind.isFIFO()) : new OutputFile();
}

class OutputPipe implements LogTarget {
  readonly pieceMaxBytes: number;

  constructor(isShared: boolean) {
    this.pieceMaxBytes = isShared ? pipePieceMaxBytes : pieceMaxBytes;
  }

  write(bytes: Buffer): number {
    return writeSync(standardOutput, bytes);
  }

  reopen(): void {
    // There is nothing to open anew.
  }
}

/** A file or a terminal: written on a thread, for a disk may take its time. */
class OutputFile implements LogTarget {
  readonly pieceMaxBytes = pieceMaxBytes;

  async write(bytes: Buffer): Promise<number> {
    return (await writeLater(standardOutput, bytes)).bytesWritten;
  }

  reopen(): void {
    // Whoever redirected the output keeps its file.
  }
}
