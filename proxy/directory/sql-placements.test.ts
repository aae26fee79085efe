/** What is read before many pins are put into the store; that each has one owner in the end, the directory's conformance suite shows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AffinityKey, EdgeId, Epoch, Incarnation } from '#shared/ids.ts';
import type { AskedPlacement, Pin, PinResult } from './directory.ts';
import { putPins } from './sql-placements.ts';

const target = { id: 'e1' as EdgeId, incarnation: 1 as Incarnation };
const asked: readonly AskedPlacement[] = Array.from({ length: 900 }, (_, i) => ({
  key: `key-${i}` as AffinityKey,
  target,
}));

const other = { id: 'e2' as EdgeId, incarnation: 1 as Incarnation };

function pinOf(key: AffinityKey, owner = target): Pin {
  return { key, owner, epoch: 1 as Epoch, state: 'live', address: '', ownerIsOver: false };
}

type Counts = Record<'counted' | 'read' | 'written', number>;

/** Puts all of them beside pins of these owners; counts the keys that were counted, read and written. */
async function put(stored: ReadonlyMap<AffinityKey, typeof target>): Promise<Counts> {
  const counts = { counted: 0, read: 0, written: 0 };
  const now = new Map(stored);
  const insert = (some: readonly AskedPlacement[]): PinResult[] => {
    counts.written += some.length;
    return some.map(({ key }) => {
      const owner = now.get(key);
      if (owner !== undefined) return { kind: 'found', pin: pinOf(key, owner) };
      now.set(key, target);
      return { kind: 'won', pin: pinOf(key) };
    });
  };
  const results = await putPins(
    {
      countAsAsked: async (some) => {
        counts.counted += some.length;
        return await Promise.resolve(some.filter(({ key }) => now.get(key) === target).length);
      },
      insertAsAsked: async (some) =>
        await Promise.resolve(insert(some).filter(({ kind }) => kind === 'won').length),
      find: async (keys) => {
        counts.read += keys.length;
        const pinNow = (key: AffinityKey): Pin | undefined =>
          now.has(key) ? pinOf(key, now.get(key)) : undefined;
        return await Promise.resolve(keys.map(pinNow));
      },
      insert: async (some) => await Promise.resolve(insert(some)),
      insertOne: async (placement) => await Promise.resolve(insert([placement])[0]!),
    },
    asked,
  );
  assert.equal(now.size, asked.length);
  for (const [i, { key }] of asked.entries()) {
    const isElsewhere = now.get(key) !== target;
    assert.deepEqual(results[i], isElsewhere ? { kind: 'found', pin: pinOf(key, other) } : undefined);
  }
  return counts;
}

function ownedBy(owner: typeof target, some: readonly AskedPlacement[]): [AffinityKey, typeof target][] {
  return some.map(({ key }) => [key, owner]);
}

test('a part that nobody has stored is written after a look at few keys, and one that somebody has is counted', async () => {
  assert.deepEqual(await put(new Map()), { counted: 20, read: 0, written: 900 });
  assert.deepEqual(await put(new Map(ownedBy(target, asked))), { counted: 920, read: 0, written: 0 });
});

test('only of a part that is not as asked after that its pins are read, and what is missing is written', async () => {
  const half = asked.filter((_, i) => i % 2 === 0);
  assert.deepEqual(await put(new Map(ownedBy(target, half))), { counted: 920, read: 900, written: 450 });
  const oneElsewhere = new Map([...ownedBy(target, asked.slice(1)), ...ownedBy(other, asked.slice(0, 1))]);
  assert.deepEqual(await put(oneElsewhere), { counted: 920, read: 900, written: 0 });
});

test('what few keys did not show is found by the write', async () => {
  const late = new Map([...ownedBy(target, asked.slice(500)), ...ownedBy(other, asked.slice(400, 500))]);
  assert.deepEqual(await put(late), { counted: 20, read: 900, written: 900 });
});
