/** The decoder against the clients' encoder, and against bytes that nobody would send by mistake. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pack } from 'msgpackr';
import { unpack } from './msgpack.ts';
import type { Unpacked } from './msgpack.ts';

const malformed = { kind: 'malformed' } as const;

/** Values that envelopes may hold, nested as deeply as is taken. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.constantFrom(null, undefined, true, false),
    fc.integer(),
    fc.double(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.string({ maxLength: 40 }), tie('value'), { maxKeys: 20 }),
  ),
}));

/** With plain objects in place of those without a prototype, and plain arrays of bytes, to compare. */
function toPlain(unpacked: unknown): unknown {
  // The encoder writes -0 as 0.
  if (unpacked === 0) return 0;
  if (unpacked instanceof Uint8Array) return { bytes: [...unpacked] };
  if (Array.isArray(unpacked)) return unpacked.map(toPlain);
  if (typeof unpacked !== 'object' || unpacked === null) return unpacked;
  return new Map(Object.entries(unpacked).map(([name, entry]) => [name, toPlain(entry)]));
}

function unpackValue(bytes: Uint8Array): Unpacked {
  const result = unpack(bytes);
  assert.equal(result.kind, 'value');
  return result.kind === 'value' ? result.value : undefined;
}

function bytesOf(...parts: readonly (number | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flat());
}

test('what the clients’ encoder writes is read as it was', () => {
  fc.assert(
    fc.property(value, (original) => {
      assert.deepEqual(toPlain(unpackValue(pack(original))), toPlain(original));
    }),
    { numRuns: 500 },
  );
});

test('a message that is cut short anywhere, or goes on, is malformed', () => {
  fc.assert(
    fc.property(value, fc.integer({ min: 0, max: 255 }), (original, extra) => {
      const bytes = pack(original);
      for (let length = 0; length < bytes.length; length++)
        assert.deepEqual(unpack(bytes.subarray(0, length)), malformed);
      assert.deepEqual(unpack(Uint8Array.from([...bytes, extra])), malformed);
    }),
    { numRuns: 100 },
  );
});

test('random bytes are a value or malformed, never an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      assert.match(unpack(bytes).kind, /^(value|malformed)$/);
    }),
    { numRuns: 5_000 },
  );
});

test('a valid message with some bytes changed is a value or malformed, never an error', () => {
  const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
  fc.assert(
    fc.property(value, fc.array(change, { minLength: 1, maxLength: 4 }), (original, changes) => {
      const bytes = Uint8Array.from(pack(original));
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
      assert.match(unpack(bytes).kind, /^(value|malformed)$/);
    }),
    { numRuns: 1_000 },
  );
});

test('the same bytes are read alike wherever they lie in memory', () => {
  const packed = pack({ a: [1.5, -3, 'é', new Uint8Array([1, 2])], b: 2 ** 40 });
  const moved = new Uint8Array(packed.length + 7);
  moved.set(packed, 3);
  assert.deepEqual(unpack(moved.subarray(3, 3 + packed.length)), unpack(Uint8Array.from(packed)));
});

test('binary values are views of the message, not copies', () => {
  const bytes = pack({ content: new Uint8Array(1_000) });
  const { content } = unpackValue(bytes) as { content: Uint8Array };
  assert.equal(content.buffer, bytes.buffer);
});

const hugeLengths: readonly (readonly [string, Uint8Array])[] = [
  ['text of 4 GiB', bytesOf(0xdb, [0xff, 0xff, 0xff, 0xff])],
  ['binary of 4 GiB', bytesOf(0xc6, [0xff, 0xff, 0xff, 0xff], 1, 2, 3)],
  ['array of 4 billion', bytesOf(0xdd, [0xff, 0xff, 0xff, 0xff], 1)],
  ['map of 4 billion', bytesOf(0xdf, [0xff, 0xff, 0xff, 0xff], 0xa1, 0x61, 1)],
  ['map whose entries would just not fit', bytesOf(0xde, [0, 3], 0xa1, 0x61, 1, 0xa1, 0x62)],
  ['array of arrays of 65,535 each', bytesOf(...Array.from({ length: 6 }, () => [0xdc, 0xff, 0xff]))],
];

for (const [name, bytes] of hugeLengths) {
  test(`a length that the bytes cannot hold is a lie: ${name}`, () => {
    assert.deepEqual(unpack(bytes), malformed);
  });
}

test('nesting is taken to a depth of eight, whatever nests', () => {
  const nests: readonly (readonly number[])[] = [[0x91], [0x81, 0xa1, 0x61], [0xdc, 0, 1]];
  for (const nest of nests) {
    const nested = (depth: number): Uint8Array => bytesOf(...Array.from({ length: depth }, () => nest), 1);
    assert.equal(unpack(nested(7)).kind, 'value');
    assert.deepEqual(unpack(nested(8)), malformed);
    assert.deepEqual(unpack(nested(100_000)), malformed, 'and costs no stack');
  }
});

test('small bytes do not become many objects', () => {
  const many = (count: number): Uint8Array => {
    const bytes = new Uint8Array(5 + count).fill(0x90);
    new DataView(bytes.buffer).setUint32(1, count);
    bytes[0] = 0xdd;
    return bytes;
  };
  assert.equal(unpack(many(100_000)).kind, 'value');
  assert.deepEqual(unpack(many(1_000_000)), malformed);
});

test('names of a map are texts, and none of them reaches a prototype', () => {
  assert.deepEqual(unpack(bytesOf(0x81, 1, 1)), malformed, 'a number as name');
  assert.deepEqual(unpack(bytesOf(0x81, 0x80, 1)), malformed, 'a map as name');
  const map = unpackValue(bytesOf(0x81, 0xa9, [...Buffer.from('__proto__')], 0x81, 0xa1, 0x61, 1)) as object;
  assert.equal(Object.getPrototypeOf(map), null);
  assert.deepEqual(Object.keys(map), ['__proto__']);
  assert.equal(({} as Record<string, unknown>)['a'], undefined);
});

test('of extension types there is only undefined', () => {
  assert.deepEqual(unpack(bytesOf(0xd4, 0, 0)), { kind: 'value', value: undefined });
  assert.deepEqual(unpack(bytesOf(0xd4, 0, 1)), malformed);
  assert.deepEqual(unpack(bytesOf(0xd4, 1, 0)), malformed);
  const extensions = [[0xc1], [0xc7, 1, 1, 1], [0xc8, 0, 1, 1, 1], [0xc9, 0, 0, 0, 1, 1, 1], [0xd5, 1, 0, 0]];
  for (const bytes of extensions) assert.deepEqual(unpack(bytesOf(bytes)), malformed);
  assert.deepEqual(unpack(pack(new Date())), malformed);
});

test('text is UTF-8 or malformed', () => {
  for (const text of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf0, 0x82, 0x82, 0xac]])
    assert.deepEqual(unpack(bytesOf(0xa0 + text.length, text)), malformed);
  assert.equal(unpackValue(bytesOf(0xa3, [0xef, 0xbb, 0xbf])), '\ufeff', 'a byte order mark is kept');
});
