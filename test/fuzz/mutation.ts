/**
 * Seeded damage: tokens of a message left out, doubled, swapped or replaced by what parsers stumble over,
 * then single bytes changed. Knows no meaning; the grammars say what the tokens are.
 */
import type { Random } from '../../bench/random.ts';

/** Texts at which HTTP parsers have differed. */
export const stumblingBlocks: readonly string[] = [
  '\r',
  '\n',
  '\r\n',
  '\r\r\n',
  '\n\r',
  ' ',
  '\t',
  '\0',
  '\x0b',
  '\x0c',
  '\x7f',
  '\x85',
  '\xa0',
  '\xff',
  ':',
  ';',
  ',',
  '"',
  '=',
  '_',
  '-',
  '+',
  '#',
  '\\',
  '%00',
  '%0d%0a',
  '/../',
  '//',
  '*',
  '?',
  '0',
  '5',
  '+5',
  '-1',
  '0x5',
  '00000005',
  '5 ',
  ' 5',
  '5,5',
  '5, 5',
  '6',
  '7fffffff',
  '80000000',
  'ffffffff',
  '100000005',
  'ffffffffffffffff',
  'fffffffffffffffff',
  '18446744073709551621',
  '1e1',
  '0\r\n\r\n',
  '0\r\n',
  '\r\n\r\n',
  '\n\n',
  '5\r\nhello\r\n',
  ';a=b',
  ';a="\r\n"',
  ';\n',
  '5;\n',
  'chunked',
  'Chunked',
  'xchunked',
  'chunked,',
  ',chunked',
  'chunked, identity',
  'gzip, chunked',
  'identity',
  'chun\tked',
  '\x0bchunked',
  'chunked;q=1',
  '"chunked"',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'content-length:5\r\n',
  'Content-Length : 5\r\n',
  'Content_Length: 5\r\n',
  'Content-Length:\r\n',
  'Content-Length: 5\r\n 6\r\n',
  'Content-Length\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding : chunked\r\n',
  'Transfer_Encoding: chunked\r\n',
  'Transfer-Encoding:\r\n chunked\r\n',
  'Transfer-Encoding:\tchunked\r\n',
  'Transfer-Encoding\r\n',
  ' Transfer-Encoding: chunked\r\n',
  'X: y\nTransfer-Encoding: chunked\r\n',
  'TE: trailers\r\n',
  'Connection: content-length\r\n',
  'Connection: transfer-encoding\r\n',
  'Connection: close\r\n',
  'Connection: x-forwarded-for, host\r\n',
  'Connection: keep-alive\r\n',
  'Expect: 100-continue\r\n',
  'Upgrade: websocket\r\nConnection: Upgrade\r\n',
  'Upgrade: h2c\r\n',
  'HTTP2-Settings: AA\r\n',
  'Host: other\r\n',
  'ctstickiness: other\r\n',
  'X-Forwarded-For: 127.9.9.9\r\n',
  'X_Real_IP: 1\r\n',

  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'HTTP/0.9',
  'http/1.1',
  'HTTP/1.10',
  'HTTP/01.1',
  'ICY',
  'RTSP/1.0',
  'GET /smuggled HTTP/1.1\r\nHost: door.test\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
];

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.integer(items.length)]!;
}

export function chance(random: Random, share: number): boolean {
  return random.next() < share;
}

/** Damages tokens in `count` places. */
export function mutateTokens(random: Random, tokens: readonly string[], count: number): string[] {
  const result = [...tokens];
  for (let i = 0; i < count && result.length > 0; i++) {
    const at = random.integer(result.length);
    switch (random.integer(6)) {
      case 0:
        result.splice(at, 1);
        break;
      case 1:
        result.splice(at, 0, result[at]!);
        break;
      case 2:
        result.splice(at, 2, result[at + 1] ?? '', result[at]!);
        break;
      case 3:
        result[at] = pick(random, stumblingBlocks);
        break;
      case 4:
        result.splice(at, 0, result[random.integer(result.length)]!);
        break;
      default:
        result.splice(at, 0, pick(random, stumblingBlocks));
    }
  }
  return result;
}

/** Damages bytes in `count` places. */
export function mutateBytes(random: Random, bytes: Buffer, count: number): Buffer {
  let result = bytes;
  for (let i = 0; i < count && result.length > 0; i++) {
    const at = random.integer(result.length);
    const before = result.subarray(0, at);
    const length = 1 + random.integer(16);
    switch (random.integer(6)) {
      case 0:
        result = Buffer.concat([
          before,
          Buffer.of(result[at]! ^ (1 << random.integer(8))),
          result.subarray(at + 1),
        ]);
        break;
      case 1:
        result = Buffer.concat([before, result.subarray(at + 1)]);
        break;
      case 2:
        result = Buffer.concat([before, Buffer.of(random.integer(256)), result.subarray(at)]);
        break;
      case 3:
        result = Buffer.concat([before, result.subarray(at, at + length), result.subarray(at)]);
        break;
      case 4:
        result = Buffer.concat([
          before,
          Buffer.from(pick(random, stumblingBlocks), 'latin1'),
          result.subarray(at),
        ]);
        break;
      default:
        result = chance(random, 0.2) ? before : Buffer.concat([before, result.subarray(at + length)]);
    }
  }
  return result;
}

/** Cuts bytes into what goes out in separate writes; mostly a few, sometimes one byte each. */
export function splitBytes(random: Random, bytes: Buffer, cutMax = bytes.length): Buffer[] {
  if (bytes.length === 0 || cutMax <= 1 || chance(random, 0.5)) return [bytes];
  const isFine = bytes.length < 200 && chance(random, 0.1);
  const cuts = isFine
    ? Array.from({ length: cutMax - 1 }, (_, i) => i + 1)
    : Array.from({ length: 1 + random.integer(4) }, () => 1 + random.integer(cutMax - 1));
  const sorted = [0, ...new Set(cuts.toSorted((a, b) => a - b)), bytes.length];
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
}
