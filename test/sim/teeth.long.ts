/** The checks of the simulation bite: each fault that is planted into the product is found within a few schedules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runPlanted } from './planted-run.ts';
import { plants } from './plants.ts';

const runs = 1_200;
/** The same schedules each time: whether they find a fault is no matter of luck. */
const seed = 1;

for (const plant of plants) {
  void test(`the simulation finds that ${plant.name}`, async (t) => {
    const { invariant, message, played } = await runPlanted({ plant, seed, runs });
    t.diagnostic(`${played} schedules: ${message.split('\n')[0]}`);
    assert.ok(invariant !== undefined && plant.breaks.includes(invariant), message);
  });
}
