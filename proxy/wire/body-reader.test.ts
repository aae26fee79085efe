/** Where bodies end, for every way in which their bytes may be split over reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChunkedReader, LengthReader, UntilCloseReader } from './body-reader.ts';
import type { BodyReader } from './body-reader.ts';
import { isFaulty } from './head-scanner.ts';

interface Taken {
  readonly text: string;
  readonly rest: string;
  readonly isDone: boolean;
  readonly isFaulty: boolean;
  readonly payloadBytes: number;
}

function take(reader: BodyReader, pieces: readonly string[]): Taken {
  let text = '';
  let rest = '';
  let isFaulty = false;
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1');
    const end = reader.isDone ? 0 : reader.read(bytes, 0, (span) => (text += span.toString('latin1')));
    if (end < 0) {
      isFaulty = true;
      break;
    }
    rest += piece.slice(end);
  }
  return { text, rest, isDone: reader.isDone, isFaulty, payloadBytes: reader.payloadBytes };
}

function splitAt(text: string, at: number): string[] {
  return [text.slice(0, at), text.slice(at)].filter((piece) => piece !== '');
}

const chunked =
  '5;a="\\";b"\r\nhello\r\n00A\r\n, chunked \r\n1;x\r\n!\r\n0;last\r\nX-Trailer: 1\r\nY: 2\r\n\r\n';
const clean = '5\r\nhello\r\n00A\r\n, chunked \r\n1\r\n!\r\n0\r\n\r\n';

test('a chunked body split at every byte goes on without extensions and trailers', () => {
  const whole = `${chunked}NEXT`;
  for (let at = 0; at <= whole.length; at++) {
    const framed = take(new ChunkedReader(true), splitAt(whole, at));
    assert.deepEqual(framed, { text: clean, rest: 'NEXT', isDone: true, isFaulty: false, payloadBytes: 16 });
    const payload = take(new ChunkedReader(false), splitAt(whole, at));
    assert.deepEqual([payload.text, payload.rest, payload.isDone], ['hello, chunked !', 'NEXT', true]);
  }
  assert.equal(take(new ChunkedReader(true), Array.from(chunked)).text, clean);
});

test('a clean chunked body is handed on in one piece', () => {
  let spans = 0;
  new ChunkedReader(true).read(Buffer.from(clean), 0, () => spans++);
  assert.equal(spans, 1);
});

test('chunk framing that others could read differently is a fault, wherever it is split', () => {
  const bodies = [
    'zz\r\n',
    '+5\r\nhello\r\n',
    '0x5\r\nhello\r\n',
    '5 \r\nhello\r\n',
    ' 5\r\nhello\r\n',
    '\r\n0\r\n\r\n',
    ';x\r\nhello\r\n',
    'fffffffffffff\r\n',
    '5\nhello\r\n',
    '5\rhello\r\n',
    '5;a\nhello\r\n',
    '5;a\0b\r\nhello\r\n',
    '5\r\nhello!\r\n',
    '5\r\nhello\n0\r\n\r\n',
    '5\r\nhello0\r\n\r\n',
    '0\r\n: 1\r\n\r\n',
    '0\r\n folded\r\n\r\n',
    '0\r\nno colon\r\n\r\n',
    '0\r\nnocolon\r\n\r\n',
    '0\r\nX : 1\r\n\r\n',
    '0\r\nX: 1\n\r\n',
    '0\r\n\n',
    `5;${'a'.repeat(16_385)}\r\nhello\r\n`,
    `0\r\nX: ${'a'.repeat(16_385)}\r\n\r\n`,
  ];
  for (const body of bodies) {
    for (let at = 0; at <= Math.min(body.length, 40); at++) {
      assert.equal(take(new ChunkedReader(true), splitAt(body, at)).isFaulty, true, JSON.stringify(body));
    }
  }
});

test('a body of a known length ends there, and what follows is left alone', () => {
  const sizes = fc.nat({ max: 200 });
  fc.assert(
    fc.property(sizes, fc.array(fc.string({ unit: 'binary-ascii', maxLength: 50 })), (length, pieces) => {
      const all = pieces.join('');
      const { text, rest, isDone } = take(new LengthReader(length), pieces);
      assert.equal(text, all.slice(0, length));
      assert.equal(rest, all.slice(length));
      assert.equal(isDone, all.length >= length);
    }),
  );
});

test('a body that lasts until the close takes everything and is done when told', () => {
  const reader = new UntilCloseReader();
  assert.equal(take(reader, ['a', 'b\r\n0']).text, 'ab\r\n0');
  assert.equal(reader.isDone, false);
  reader.end();
  assert.equal(reader.isDone, true);
});

test('any bytes, split anyhow, give the same spans in all, and nothing throws', () => {
  const line = fc.constantFrom(
    '0\r\n',
    '\r\n',
    '3\r\n',
    'abc',
    ';x=1',
    'A: b\r\n',
    '\r',
    '\n',
    '0',
    'f',
    '\0',
  );
  const body = fc.array(fc.oneof(line, fc.string({ unit: 'binary-ascii', maxLength: 6 })), { maxLength: 12 });
  fc.assert(
    fc.property(body, fc.boolean(), fc.nat(), (pieces, keepsFraming, seed) => {
      const text = pieces.join('');
      const whole = take(new ChunkedReader(keepsFraming), text === '' ? [] : [text]);
      const split = take(
        new ChunkedReader(keepsFraming),
        splitAt(text, text === '' ? 0 : seed % text.length),
      );
      const single = take(new ChunkedReader(keepsFraming), Array.from(text));
      // What a fault left unread depends on the split; what went on before it is at most the same.
      if (whole.isFaulty) {
        assert.ok(split.isFaulty && single.isFaulty);
        return;
      }
      assert.deepEqual(split, whole);
      assert.deepEqual(single, whole);
    }),
    { numRuns: 2_000 },
  );
});

test('a chunk beyond the bound is a fault before a byte of it is handed on', () => {
  const reader = new ChunkedReader(true, 7);
  let given = '';
  const end = reader.read(Buffer.from('5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n'), 0, (span) => (given += span));
  assert.deepEqual([end, reader.isTooLarge], [isFaulty, true]);
  assert.equal(given.includes('a'), false);
});
