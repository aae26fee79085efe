/**
 * The simulation as a test: ten thousand schedules, other ones each time. A failure names its seed, and
 * `npm run sim -- --seed N --trace` tells the story.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { runSchedules } from './schedules.ts';

const parts = 80;
const runs = 125;
const first = randomInt(2 ** 31);

for (let part = 0; part < parts; part++) {
  const seed = first + part * runs;
  void test(`whatever dies, freezes, breaks and moves, every promise holds (schedules ${part * runs + 1} to ${(part + 1) * runs})`, async () => {
    const { breaches, played } = await runSchedules({ seed, runs, breachesMax: 1 });
    for (const { seed, breach } of breaches)
      assert.fail(`${breach.message}\n  npm run sim -- --seed ${seed} --trace`);
    assert.equal(played, runs);
  });
}
