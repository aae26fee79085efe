/** Files as one tar archive (POSIX ustar), piece by piece: a head of 512 bytes, the content, and zeros up to the next 512. */
import { Buffer } from 'node:buffer';

interface ArchivedFile {
  /** Of ASCII, 100 characters at most. */
  readonly name: string;
  readonly size: number;
  readonly modifiedMs: number;
  /** As many bytes as `size` says. */
  readonly pieces: AsyncIterable<Uint8Array>;
}

const blockBytes = 512;

export async function* tarOf(files: readonly ArchivedFile[]): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    yield headOf(file);
    let bytes = 0;
    for await (const piece of file.pieces) {
      bytes += piece.length;
      yield piece;
    }
    if (bytes !== file.size) throw new Error(`${file.name} has another size than its head says`);
    yield Buffer.alloc((blockBytes - (bytes % blockBytes)) % blockBytes);
  }
  yield Buffer.alloc(2 * blockBytes);
}

function headOf({ name, size, modifiedMs }: ArchivedFile): Buffer {
  const head = Buffer.alloc(blockBytes);
  head.write(name, 0, 100, 'latin1');
  // Mode, owner, group.
  head.write('0000640\0', 100);
  head.write('0000000\0', 108);
  head.write('0000000\0', 116);
  head.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  head.write(
    `${Math.floor(modifiedMs / 1_000)
      .toString(8)
      .padStart(11, '0')}\0`,
    136,
  );
  // The sum is over the head with spaces in its place.
  head.write('        ', 148);
  head.write('0', 156);
  head.write('ustar\0', 257);
  head.write('00', 263);
  const sum = head.reduce((all, byte) => all + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return head;
}
