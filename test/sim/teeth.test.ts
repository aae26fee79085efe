/** The checks of the simulation bite; `teeth.long.ts` sees to it that each fault that is planted is found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runPlanted } from './planted-run.ts';
import { plants } from './plants.ts';

const runs = 10;
const seed = 1;

test('of the faults that are planted into the product half and more are found within ten schedules', async (t) => {
  const found: string[] = [];
  for (const plant of plants) {
    const { invariant } = await runPlanted({ plant, seed, runs });
    if (invariant !== undefined && plant.breaks.includes(invariant)) found.push(plant.name);
  }
  t.diagnostic(`${found.length} of ${plants.length} within ten schedules`);
  assert.ok(found.length * 2 >= plants.length, found.join(', '));
});
