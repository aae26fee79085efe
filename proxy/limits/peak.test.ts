/** A peak has passed once, when there is little for a while. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Peak } from './peak.ts';

const cases: readonly (readonly [string, readonly number[], readonly boolean[]])[] = [
  ['little is no peak', [499, 0, 0, 0, 0], [false, false, false, false, false]],
  [
    'it has passed at the third look, and once',
    [500, 9, 9, 9, 9, 9, 9],
    [false, false, false, true, false, false, false],
  ],
  ['half of it may be here', [1_000, 500, 500, 500], [false, false, false, true]],
  ['more than half may not', [1_000, 501, 501, 501], [false, false, false, false]],
  [
    'who comes back begins the wait anew',
    [1_000, 9, 9, 800, 9, 9, 9],
    [false, false, false, false, false, false, true],
  ],
  [
    'the next peak counts by itself',
    [1_000, 9, 9, 9, 600, 9, 9, 9],
    [false, false, false, true, false, false, false, true],
  ],
];

for (const [name, opens, expected] of cases)
  test(name, () => {
    const peak = new Peak(500);
    assert.deepEqual(
      opens.map((open) => peak.hasPassed(open)),
      expected,
    );
  });
