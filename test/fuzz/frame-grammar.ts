/**
 * Connections of HTTP/2 as frames for the mutator: requests of every shape and cases of the frame table, one to four in a row on streams of
 * their own, then frames left out, doubled, swapped, and wrong in one part of them; single bytes are changed by others.
 */
import type { Random } from '../../bench/random.ts';
import { frameTable } from '../conformance/frame-table.ts';
import {
  flag,
  frame,
  frameType,
  headerBlock,
  ping,
  reset,
  settingsFrame,
  windowUpdate,
} from '../support/http2-frames.ts';
import type { Field } from '../support/http2-frames.ts';
import { chance, mutateBytes, pick, stumblingBlocks } from './mutation.ts';

/** What is large on purpose is tried by the table itself. */
const caseMaxBytes = 5_000;
const headBytes = 9;
const streamsPerPart = 4;
const keyCount = 40;
/** Many cases of the table end their connection, and what follows is not read. */
const requestShare = 0.7;
const tableCases = frameTable
  .filter(({ isBare }) => isBare === undefined)
  .map(({ sent }) => splitFrames(Buffer.concat([...sent])))
  .filter((frames) => Buffer.concat(frames).length <= caseMaxBytes);

/** Every frame with its head; bytes that make up no whole frame stand at the end as they are. */
export function splitFrames(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + headBytes <= bytes.length ? at + headBytes + bytes.readUIntBE(at, 3) : Infinity;
    frames.push(bytes.subarray(at, end));
    at = end;
  }
  return frames;
}

export function frameTokens(random: Random): Buffer[] {
  const parts = Array.from({ length: 1 + random.integer(4) }, (_, place) => {
    const frames = chance(random, requestShare) ? requestFrames(random) : pick(random, tableCases);
    return frames.map((bytes) => onLaterStream(bytes, place * streamsPerPart * 2));
  });
  return parts.flat();
}

/** Parts that follow each other have streams of their own. */
function onLaterStream(bytes: Buffer, by: number): Buffer {
  if (bytes.length < headBytes || by === 0) return bytes;
  const stream = bytes.readUInt32BE(5);
  if (stream === 0 || stream > 1_000) return bytes;
  const moved = Buffer.from(bytes);
  moved.writeUInt32BE(stream + by, 5);
  return moved;
}

function requestFrames(random: Random): Buffer[] {
  const method = pick(random, ['GET', 'GET', 'HEAD', 'POST', 'POST', 'PUT', 'CONNECT', 'OPTIONS']);
  const hasBody = chance(random, ['POST', 'PUT'].includes(method) ? 0.8 : 0.1);
  const block = headerBlock(fieldsOf(random, method));
  const frames = headFrames(random, block, hasBody ? 0 : flag.endStream);
  if (!hasBody) return [...frames, ...noise(random)];
  const hasTrailers = chance(random, 0.2);
  const pieces = 1 + random.integer(3);
  for (let i = 0; i < pieces; i++) {
    const isLast = i === pieces - 1 && !hasTrailers;
    const text = pick(random, ['hello', '', '0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n', 'x'.repeat(300)]);
    frames.push(frame(frameType.data, isLast ? flag.endStream : 0, 1, Buffer.from(text)), ...noise(random));
  }
  if (hasTrailers)
    frames.push(
      frame(
        frameType.headers,
        flag.endHeaders | flag.endStream,
        1,
        headerBlock([[pick(random, ['x-sum', 'content-length', 'X', ':path']), 'abc']]),
      ),
    );
  return frames;
}

/** In one frame, or in a few. */
function headFrames(random: Random, block: Buffer, flags: number): Buffer[] {
  if (chance(random, 0.8)) return [frame(frameType.headers, flags | flag.endHeaders, 1, block)];
  const cut = random.integer(block.length);
  return [
    frame(frameType.headers, flags, 1, block.subarray(0, cut)),
    frame(frameType.continuation, flag.endHeaders, 1, block.subarray(cut)),
  ];
}

function fieldsOf(random: Random, method: string): Field[] {
  const fields: Field[] = [
    [':method', method],
    [':scheme', 'https'],
    [':authority', 'localhost'],
    [':path', pick(random, ['/', '/r', `/r?ctstickiness=key-${random.integer(keyCount)}`, '/%41/b'])],
  ];
  if (method === 'CONNECT' && chance(random, 0.7)) fields.push([':protocol', 'websocket']);
  if (chance(random, 0.8)) fields.push(['ctstickiness', `key-${random.integer(keyCount)}`]);
  for (const field of [
    ['cookie', `ctstickiness=key-${random.integer(keyCount)}`],
    ['content-length', pick(random, ['0', '5', '10', '300', '-1', '5,5'])],
    ['transfer-encoding', 'chunked'],
    ['connection', 'close'],
    ['te', pick(random, ['trailers', 'gzip'])],
    ['host', pick(random, ['localhost', 'other'])],
    ['x-ct-epoch', '7'],
    ['expect', '100-continue'],
  ] as const)
    if (chance(random, 0.08)) fields.push(field);
  for (let i = 0; i < 2; i++) if (chance(random, 0.15)) damageField(random, fields);
  return fields;
}

function damageField(random: Random, fields: Field[]): void {
  const at = random.integer(fields.length);
  const [name, value] = fields[at]!;
  const text = pick(random, stumblingBlocks);
  const damaged: readonly Field[] = [
    [name, text],
    [name, value + text],
    [text, value],
    [name.toUpperCase(), value],
    [`${name}${text}`, value],
  ];
  if (chance(random, 0.2)) fields.splice(at, 1);
  else if (chance(random, 0.3)) fields.splice(random.integer(fields.length), 0, fields[at]!);
  else fields[at] = pick(random, damaged);
}

/** What may come between any two frames. */
function noise(random: Random): Buffer[] {
  if (chance(random, 0.7)) return [];
  return [
    pick(random, [
      ping('between.'),
      windowUpdate(0, 1 + random.integer(70_000)),
      windowUpdate(1, 1 + random.integer(70_000)),
      settingsFrame([[4, random.integer(70_000)]]),
      reset(1, random.integer(14)),
      frame(frameType.priority, 0, 1, Buffer.alloc(5)),
      frame(32 + random.integer(200), random.integer(256), random.integer(9), Buffer.from('unknown')),
    ]),
  ];
}

/** Damages frames in `count` places. */
export function mutateFrames(random: Random, frames: readonly Buffer[], count: number): Buffer[] {
  const result = [...frames];
  for (let i = 0; i < count && result.length > 0; i++) {
    const at = random.integer(result.length);
    switch (random.integer(5)) {
      case 0:
        result.splice(at, 1);
        break;
      case 1:
        result.splice(random.integer(result.length), 0, result[at]!);
        break;
      case 2:
        result.splice(at, 2, result[at + 1] ?? ping(), result[at]!);
        break;
      default:
        result[at] = mutateFrame(random, result[at]!);
    }
  }
  return result;
}

function mutateFrame(random: Random, bytes: Buffer): Buffer {
  if (bytes.length < headBytes) return mutateBytes(random, bytes, 1);
  const [type, flags] = [bytes.readUInt8(3), bytes.readUInt8(4)];
  const stream = bytes.readUInt32BE(5);
  const payload = bytes.subarray(headBytes);
  switch (random.integer(6)) {
    case 0:
      return frame(random.integer(11), flags, stream, payload);
    case 1:
      return frame(type, flags ^ (1 << random.integer(8)), stream, payload);
    case 2:
      return frame(type, flags, pick(random, [0, 1, 2, 3, stream + 2, 0x7fffffff, 0x80000001]), payload);
    case 3:
      return frame(type, flags, stream, payload.subarray(0, random.integer(payload.length + 1)));
    case 4:
      return frame(type, flags, stream, Buffer.concat([payload, Buffer.from(pick(random, stumblingBlocks))]));
    default:
      return frame(type, flags, stream, mutateBytes(random, payload, 1 + random.integer(3)));
  }
}
