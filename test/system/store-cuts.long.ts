/**
 * One front door alone is cut off from the database, or both are so far from it that a call takes seconds: the others'
 * word counts, and what it cannot know it does not decide.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inRounds } from '../support/rounds.ts';
import { checkPinned, checkWhole, cutMs, openScene, testFarDatabase } from '../support/store-cuts.ts';

test('a front door whose way to the database is closed serves what is pinned, places nothing by itself, and follows the other one', async (t) => {
  const scene = await openScene(t);
  const { doors, paths, look, askPatiently } = scene;
  const [cutOff, whole] = doors;
  paths[0].set('closed');
  const placed = new Map<string, string>();
  let refused = 0;
  await inRounds(cutMs, async (n) => {
    await checkPinned(scene);
    // Asked of the one that is cut off first: it must leave them to the other one.
    const key = `new-${n}`;
    const { status, owner } = await look(cutOff, key);
    assert.ok(status === 200 || status === 503, `${status}`);
    if (status === 503) refused++;
    const told = await askPatiently(whole, key);
    if (status === 200) assert.equal(owner, told);
    assert.equal(await askPatiently(cutOff, key), told);
    placed.set(key, told);
  });
  t.diagnostic(`${placed.size} keys, ${refused} refused at first by the front door that was cut off`);
  assert.ok(refused > 0);
  paths[0].set('open');
  await checkWhole(scene, placed);
});

testFarDatabase(300);
testFarDatabase(2_000);
