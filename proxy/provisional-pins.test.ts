/** Pins that were placed without the store get into it with an epoch of the store's own, on a real directory. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { provisionalEpoch } from '#shared/ids.ts';
import type { EdgeId, Epoch, Incarnation } from '#shared/ids.ts';
import { makeDataDir } from '../test/support/front-door.ts';
import { keyOf, register, won } from './directory/conformance-store.ts';
import type { Pin } from './directory/directory.ts';
import { openSqliteDirectory } from './directory/sqlite-directory.ts';
import { partPins, putIntoStore } from './provisional-pins.ts';

test('a provisional pin gets a new epoch, one that the store has lost keeps its own, and none takes a place', async (t) => {
  const directory = await openSqliteDirectory(join(makeDataDir(t), 'directory.sqlite'));
  t.after(async () => await directory.close());
  const [owner, other] = [await register(directory, 'e1'), await register(directory, 'e2')];
  const taken = won(await directory.insertPin(keyOf('taken'), other));
  const lostEpoch = (taken.epoch + 1_000) as Epoch;
  const results = await putIntoStore(directory, [
    { key: keyOf('new'), owner, epoch: provisionalEpoch },
    { key: keyOf('lost'), owner, epoch: lostEpoch },
    { key: keyOf('taken'), owner, epoch: provisionalEpoch },
  ]);
  const [placed, lost] = [await directory.findPin(keyOf('new')), await directory.findPin(keyOf('lost'))];
  assert.deepEqual(results, [undefined, { kind: 'won', pin: lost }, { kind: 'found', pin: taken }]);
  assert.ok(placed !== undefined);
  assert.deepEqual(placed.owner, owner);
  assert.ok(placed.epoch > taken.epoch);
  assert.deepEqual([lost?.owner, lost?.epoch], [owner, lostEpoch]);
});

function pinOf(name: string): Pin {
  const owner = { id: 'e1' as EdgeId, incarnation: 1 as Incarnation };
  const rest = { state: 'live', address: '', ownerIsOver: false } as const;
  return { key: keyOf(name), owner, epoch: provisionalEpoch, ...rest };
}

function namesOf(pins: readonly Pin[]): string[] {
  return pins.map(({ key }) => key).toSorted();
}

test('front doors have the same parts of what they placed, as a rule, though not all of it is the same', () => {
  const pins = Array.from({ length: 10_000 }, (_, i) => pinOf(`key-${i}`));
  const here = partPins(pins.slice(0, 9_990), 100, Math.random);
  const there = partPins(pins.slice(10).toReversed(), 100, Math.random);
  assert.deepEqual(namesOf(here.flat()), namesOf(pins.slice(0, 9_990)));
  for (const part of here) {
    assert.ok(part.length <= 100, `${part.length} pins`);
    assert.deepEqual(
      part.map(({ key }) => key),
      namesOf(part),
    );
  }
  const partsThere = new Set(there.map((part) => namesOf(part).join()));
  const same = here.filter((part) => partsThere.has(namesOf(part).join()));
  // Where one of them lacks a key, a part or a few differ; then they meet again.
  assert.ok(same.length >= 0.9 * here.length, `${same.length} of ${here.length}`);
  assert.deepEqual(partPins([], 100, Math.random), []);
});

test('parts come in an order by chance', () => {
  const pins = Array.from({ length: 1_000 }, (_, i) => pinOf(`key-${1_000 + i}`));
  const firstOnes = Array.from({ length: 20 }, () => partPins(pins, 50, Math.random)[0]![0]!.key);
  assert.ok(new Set(firstOnes).size > 1);
});
