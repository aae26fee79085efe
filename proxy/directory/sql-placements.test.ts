/** What is read before many pins are put into the store; that each has one owner in the end, the directory's conformance suite shows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AffinityKey, EdgeId, Epoch, Incarnation } from '#shared/ids.ts';
import type { AskedPlacement, Pin } from './directory.ts';
import { putPins } from './sql-placements.ts';

const target = { id: 'e1' as EdgeId, incarnation: 1 as Incarnation };
const asked: readonly AskedPlacement[] = Array.from({ length: 900 }, (_, i) => ({
  key: `key-${i}` as AffinityKey,
  target,
}));

function pinOf(key: AffinityKey, epoch: number): Pin {
  const rest = { state: 'live', address: '', ownerIsOver: false } as const;
  return { key, owner: target, epoch: epoch as Epoch, ...rest };
}

/** Puts all of them beside what is stored; counts the keys that were read and those that were written. */
async function put(stored: ReadonlySet<string>): Promise<{ read: number; written: number; won: number }> {
  const counts = { read: 0, written: 0, won: 0 };
  const results = await putPins(
    {
      find: async (keys) => {
        counts.read += keys.length;
        return await Promise.resolve(keys.map((key) => (stored.has(key) ? pinOf(key, 1) : undefined)));
      },
      insert: async (some) => {
        counts.written += some.length;
        return await Promise.resolve(
          some.map(({ key }) =>
            stored.has(key) ? { kind: 'found', pin: pinOf(key, 1) } : { kind: 'won', pin: pinOf(key, 2) },
          ),
        );
      },
      insertOne: async ({ key }) => await Promise.resolve({ kind: 'won', pin: pinOf(key, 2) }),
    },
    asked,
  );
  for (const [i, result] of results.entries()) {
    const { key } = asked[i]!;
    assert.deepEqual(
      result,
      stored.has(key) ? { kind: 'found', pin: pinOf(key, 1) } : { kind: 'won', pin: pinOf(key, 2) },
    );
    if (result.kind === 'won') counts.won++;
  }
  return counts;
}

test('of a part that nobody has stored a few keys are read, and of one that somebody has all, which are not written then', async () => {
  const none = await put(new Set());
  assert.deepEqual(none, { read: 20, written: 900, won: 900 });
  const all = await put(new Set(asked.map(({ key }) => key)));
  assert.deepEqual(all, { read: 900, written: 0, won: 0 });
  const half = await put(new Set(asked.filter((_, i) => i % 2 === 0).map(({ key }) => key)));
  assert.deepEqual(half, { read: 900, written: 450, won: 450 });
});

test('what a few keys did not show is found by the write', async () => {
  const late = await put(new Set(asked.slice(500).map(({ key }) => key)));
  assert.deepEqual(late, { read: 20, written: 900, won: 500 });
});
