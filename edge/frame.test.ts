/** WebSocket frames at the borders of their size classes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameBinary, frameTextAndBinary } from './frame.ts';

const heads: readonly (readonly [number, readonly number[]])[] = [
  [0, [0x82, 0]],
  [1, [0x82, 1]],
  [125, [0x82, 125]],
  [126, [0x82, 126, 0, 126]],
  [65_535, [0x82, 126, 0xff, 0xff]],
  [65_536, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
];

for (const [length, head] of heads) {
  test(`a message of ${length} bytes gets the head of its size class`, () => {
    const payload = new Uint8Array(length).fill(0xab);
    const frame = frameBinary(payload);
    assert.deepEqual([...frame.subarray(0, head.length)], head);
    assert.deepEqual(new Uint8Array(frame.subarray(head.length)), payload);
  });
}

for (const length of [0, 125, 126, 65_535, 65_536]) {
  test(`a text and ${length} bytes behind it are two whole frames`, () => {
    const payload = new Uint8Array(length).fill(0xcd);
    for (const text of ['', '451-["message"]', 'x'.repeat(126)]) {
      const head = text.length < 126 ? [0x81, text.length] : [0x81, 126, 0, 126];
      const both = Buffer.concat([Buffer.from(head), Buffer.from(text), frameBinary(payload)]);
      const third = Math.floor(length / 3);
      const parts = [payload.subarray(0, third), payload.subarray(third)];
      for (const [i, j] of [
        [0, 0],
        [0, text.length],
        [text.length, text.length],
        [1, 3],
      ] as const) {
        const pieces = [Buffer.from(text.slice(0, i)), text.slice(i, j), Buffer.from(text.slice(j))] as const;
        assert.deepEqual(frameTextAndBinary({ text: pieces, payload: [payload] }), both);
        assert.deepEqual(frameTextAndBinary({ text: pieces, payload: parts }), both);
      }
    }
  });
}
