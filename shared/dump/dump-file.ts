/**
 * A dump as a file: lines of `dump-line.ts`, gzip. It has its name only once it is whole, and it is read from end to end,
 * against its checksum, before anybody gets a row of it.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { dumpFormat, formatLine, parseLine } from './dump-line.ts';
import type { DumpLine } from './dump-line.ts';

/** Lines go to the compressor in pieces of so many characters. */
const pieceLength = 262_144;
const newline = 0x0a;

/** Writes a new file, for its owner alone; nothing is left where it fails. */
export async function writeDump(path: string, lines: AsyncIterable<DumpLine>): Promise<void> {
  if (existsSync(path)) throw new Error(`${path} is there already: a dump overwrites nothing`);
  const draft = `${path}.draft`;
  try {
    // To the disk before it gets its name.
    const stream = createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true });
    await pipeline(Readable.from(pieces(lines)), createGzip({ level: 6 }), stream);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Reads the whole file; throws unless it is exactly what `writeDump` wrote. */
export async function checkDump(path: string): Promise<void> {
  const hash = createHash('sha256');
  let sum: string | undefined;
  let number = 0;
  for await (const line of splitLines(path)) {
    if (sum !== undefined) throw new Error(`${path} goes on after its checksum`);
    const parsed = isSumLine(line) || number === 0 ? parseLine(line.toString('utf8')) : undefined;
    if (number === 0) checkFirst(path, parsed);
    number++;
    if (parsed?.kind === 'sum') sum = parsed.sha256;
    else hash.update(line).update('\n');
  }
  if (sum === undefined) throw new Error(`${path} has no end: it is cut short`);
  if (sum !== hash.digest('hex')) throw new Error(`${path} is not as it was written: its checksum differs`);
}

/** Lines of a dump that `checkDump` has found whole. */
export async function* readDump(path: string): AsyncGenerator<DumpLine> {
  for await (const line of splitLines(path)) {
    const parsed = parseLine(line.toString('utf8'));
    if (parsed === undefined) throw new Error(`${path} has a line that this program cannot read`);
    yield parsed;
  }
}

function checkFirst(path: string, first: DumpLine | undefined): void {
  if (first?.kind !== 'first') throw new Error(`${path} is no dump of mooring db export`);
  if (first.format <= dumpFormat) return;
  throw new Error(
    `${path} has format ${first.format}, this program knows ${dumpFormat}: use the newer program`,
  );
}

async function* pieces(lines: AsyncIterable<DumpLine>): AsyncGenerator<string> {
  const hash = createHash('sha256');
  let piece = '';
  for await (const line of lines) {
    piece += `${formatLine(line)}\n`;
    if (piece.length < pieceLength) continue;
    hash.update(piece);
    yield piece;
    piece = '';
  }
  hash.update(piece);
  yield `${piece}${formatLine({ kind: 'sum', sha256: hash.digest('hex') })}\n`;
}

function isSumLine(line: Buffer): boolean {
  return line.subarray(0, 10).toString('latin1') === '{"sha256":';
}

async function* splitLines(path: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const reading = pipeline(createReadStream(path), gunzip).catch((error: unknown) =>
    gunzip.destroy(error as Error),
  );
  let kept: Buffer[] = [];
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      let from = 0;
      for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
        yield Buffer.concat([...kept, chunk.subarray(from, at)]);
        kept = [];
        from = at + 1;
      }
      kept.push(chunk.subarray(from));
    }
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Error(`${path} is not there`, { cause });
    throw new Error(`${path} is cut short or damaged (${(cause as Error).message})`, { cause });
  } finally {
    gunzip.destroy();
    await reading.catch(() => undefined);
  }
  if (kept.some((chunk) => chunk.byteLength > 0)) throw new Error(`${path} is cut short`);
}
