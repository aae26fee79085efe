/** A sweep ends when nothing is left to remove, not after its first piece. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AffinityKey } from '#shared/ids.ts';
import { sweepIdlePins } from './pin-sweep.ts';

/** With so many pins that are over. */
function directoryOf(pins: number): {
  removeIdlePins: (ms: number, limit: number) => Promise<AffinityKey[]>;
} {
  let left = pins;
  return {
    removeIdlePins: (_, limit) => {
      const count = Math.min(left, limit);
      left -= count;
      return Promise.resolve(Array.from({ length: count }, (_key, i) => `key-${left + i}` as AffinityKey));
    },
  };
}

for (const [pins, pieces] of [
  [0, [0]],
  [3, [3]],
  [1_203, [500, 500, 203]],
] as const)
  test(`${pins} pins`, async () => {
    const heard: number[] = [];
    const hear = async (keys: readonly AffinityKey[]): Promise<void> => void heard.push(keys.length);
    await sweepIdlePins(directoryOf(pins), hear, new AbortController().signal);
    assert.deepEqual(heard, pieces);
  });

test('a front door that stops leaves the rest to others', async () => {
  const stopping = new AbortController();
  let pieces = 0;
  const hear = async (): Promise<void> => {
    pieces++;
    stopping.abort();
  };
  await sweepIdlePins(directoryOf(2_000), hear, stopping.signal);
  assert.equal(pieces, 1);
});
