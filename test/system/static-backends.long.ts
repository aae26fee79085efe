/** How keys spread over static backends of different weights. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFrontDoor } from '../support/front-door.ts';
import { makeKeys, ownersOf, startBackends } from '../support/key-owners.ts';

test('a backend of three times the weight gets three times the keys, within a third', async (t) => {
  const [a, b, heavy] = await startBackends(t);
  const door = await startFrontDoor(t, { backends: [a, b, { backend: heavy, weight: 300 }] });
  const owners = await ownersOf(door, makeKeys('weight', 200));
  const share = [...owners.values()].filter((owner) => owner === heavy.name).length;
  assert.ok(share >= 80 && share <= 160, `the heavy backend has ${share} of 200 keys, where 120 are due`);
});
