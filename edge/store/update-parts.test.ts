/** Updates come out of their rows as they went in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutIntoParts, packUpdates, partMaxBytes, unpackUpdates } from './update-parts.ts';

test('any updates that are packed come back as they were', () => {
  const updates = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 });
  const property = fc.property(updates, (updates) => {
    assert.deepEqual(
      unpackUpdates(packUpdates(updates)).map((update) => [...update]),
      updates.map((update) => [...update]),
    );
  });
  fc.assert(property);
});

test('bytes that are cut short are refused', () => {
  const packed = packUpdates([Uint8Array.of(1, 2, 3)]);
  for (let length = 1; length < packed.length; length++) {
    assert.throws(() => unpackUpdates(packed.subarray(0, length)), RangeError);
  }
});

test('parts are as long as they may be, and together the whole', () => {
  for (const [length, parts] of [
    [0, 1],
    [1, 1],
    [partMaxBytes, 1],
    [partMaxBytes + 1, 2],
    [3 * partMaxBytes, 3],
  ] as const) {
    const cut = cutIntoParts(new Uint8Array(length));
    assert.equal(cut.length, parts);
    assert.ok(cut.every((part) => part.byteLength <= partMaxBytes));
    assert.equal(
      cut.reduce((sum, part) => sum + part.byteLength, 0),
      length,
    );
  }
});
