/**
 * A file as the body of an answer: the whole, one range, or several as `multipart/byteranges` (RFC 9110 section 14.6). The last
 * bytes are given only while the file is the one that was opened, so that nobody takes a mixture of two for one of them.
 */
import { AppError } from '#shared/errors.ts';
import type { PiecewiseBody } from '../wire/answer-body.ts';
import { lengthOf } from './byte-ranges.ts';
import type { ByteRange } from './byte-ranges.ts';
import type { OpenFile } from './download-folder.ts';

export type Part = ByteRange | Buffer;

/** Read at once: as much as a connection takes in a few turns, so that a slow client costs little. */
const pieceBytes = 65_536;

/** Closes the file when the last piece is taken, or nobody wants more; then tells whether all were taken. */
export function bodyOf(
  file: OpenFile,
  parts: readonly Part[],
  onClosed: (isTaken: boolean) => void,
): PiecewiseBody {
  return { bytes: sizeOfAll(parts), pieces: readParts(file, parts, onClosed) };
}

/** What is said of a body that is not sent. */
export function bodyUnsent(parts: readonly Part[]): PiecewiseBody {
  return { bytes: sizeOfAll(parts), pieces: nothing() };
}

async function* readParts(
  file: OpenFile,
  parts: readonly Part[],
  onClosed: (isTaken: boolean) => void,
): AsyncGenerator<Buffer> {
  let left = sizeOfAll(parts);
  let isTaken = false;
  try {
    for (const part of parts) {
      for await (const piece of piecesOf(file, part)) {
        left -= piece.length;
        if (left === 0) await assertUnchanged(file);
        yield piece;
      }
    }
    isTaken = true;
  } finally {
    await file.handle.close();
    onClosed(isTaken);
  }
}

export async function* piecesOf({ handle }: Pick<OpenFile, 'handle'>, part: Part): AsyncGenerator<Buffer> {
  if (Buffer.isBuffer(part)) {
    yield part;
    return;
  }
  for (let at = part.first; at <= part.last;) {
    const memory = Buffer.allocUnsafeSlow(Math.min(pieceBytes, part.last - at + 1));
    const { bytesRead } = await handle.read(memory, 0, memory.length, at);
    if (bytesRead === 0)
      throw new AppError('file-changed', { facts: { reason: 'it is shorter than it was' } });
    yield memory.subarray(0, bytesRead);
    at += bytesRead;
  }
}

async function assertUnchanged({ handle, state }: OpenFile): Promise<void> {
  const { size, mtimeNs } = await handle.stat({ bigint: true });
  if (size !== state.size || mtimeNs !== state.mtimeNs)
    throw new AppError('file-changed', { facts: { reason: 'it was written while it was sent' } });
}

/** Several ranges of a file with what stands around them; `type` is that of the file. */
export function multipart(
  ranges: readonly ByteRange[],
  { type, size, boundary }: { readonly type: string; readonly size: number; readonly boundary: string },
): Part[] {
  const parts = ranges.flatMap((range): Part[] => [
    Buffer.from(
      `\r\n--${boundary}\r\ncontent-type: ${type}\r\ncontent-range: ${contentRange(range, size)}\r\n\r\n`,
      'latin1',
    ),
    range,
  ]);
  return [...parts, Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1')];
}

export function contentRange({ first, last }: ByteRange, size: number): string {
  return `bytes ${first}-${last}/${size}`;
}

function sizeOfAll(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + (Buffer.isBuffer(part) ? part.length : lengthOf(part)), 0);
}

async function* nothing(): AsyncGenerator<Buffer> {
  // A body that nobody asks for.
}
