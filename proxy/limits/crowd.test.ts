/** A crowd has gone once, when it is calm for a while. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Crowd } from './crowd.ts';

const cases: readonly (readonly [string, readonly number[], readonly boolean[]])[] = [
  ['few are no crowd', [499, 0, 0, 0, 0], [false, false, false, false, false]],
  [
    'it has gone at the third look, and once',
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
    'the next crowd counts by itself',
    [1_000, 9, 9, 9, 600, 9, 9, 9],
    [false, false, false, true, false, false, false, true],
  ],
];

for (const [name, opens, expected] of cases)
  test(name, () => {
    const crowd = new Crowd();
    assert.deepEqual(
      opens.map((open) => crowd.hasGone(open)),
      expected,
    );
  });
