/** Pins that were placed without the store get into it with an epoch of the store's own, on a real directory. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Epoch } from '#shared/ids.ts';
import { makeDataDir } from '../test/support/front-door.ts';
import { keyOf, register, won } from './directory/conformance-store.ts';
import { openSqliteDirectory } from './directory/sqlite-directory.ts';
import { provisionalEpoch, putIntoStore } from './provisional-pins.ts';

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
  assert.ok(won(results[0]!).epoch > taken.epoch);
  assert.equal(won(results[1]!).epoch, lostEpoch);
  assert.deepEqual(results[2], { kind: 'found', pin: taken });
});
