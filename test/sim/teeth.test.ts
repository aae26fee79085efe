/** The checks of the simulation bite: of planted faults these are found at once, the others by `teeth.long.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runPlanted } from './planted-run.ts';
import { plants } from './plants.ts';

const runs = 10;
const seed = 1;
const quickToFind: readonly string[] = [
  'a message is left out of a replay',
  'an answer is given twice',
  'updates are relayed that are not stored',
];

for (const name of quickToFind)
  void test(`the simulation finds within ten schedules that ${name}`, async () => {
    const plant = plants.find((each) => each.name === name);
    assert.ok(plant !== undefined);
    const { invariant, message } = await runPlanted({ plant, seed, runs });
    assert.ok(invariant !== undefined && plant.breaks.includes(invariant), message);
  });
