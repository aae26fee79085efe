/**
 * The simulation as a test: ten thousand schedules, the same ones each time, so that a failure is the doing of what was
 * changed. It names its seed, and `npm run sim -- --seed N --trace` tells the story; without a seed that command plays others.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSchedules } from './schedules.ts';

const parts = 80;
const runs = 125;
const first = 1;

for (let part = 0; part < parts; part++) {
  const seed = first + part * runs;
  void test(`whatever dies, freezes, breaks and moves, every promise holds (schedules ${part * runs + 1} to ${(part + 1) * runs})`, async () => {
    const { breaches, played } = await runSchedules({ seed, runs, breachesMax: 1 });
    for (const { seed, breach } of breaches)
      assert.fail(`${breach.message}\n  npm run sim -- --seed ${seed} --trace`);
    assert.equal(played, runs);
  });
}
