/** How many sessions an edge takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasSessionCapacity } from './session-capacity.ts';

test('an edge takes somewhat more sessions than front doors give it, and no more', () => {
  for (const [sessionsMax, bound] of [
    [1, 17],
    [64, 80],
    [2_000, 2_500],
  ] as const) {
    assert.deepEqual(
      [hasSessionCapacity(bound - 1, sessionsMax), hasSessionCapacity(bound, sessionsMax)],
      [true, false],
    );
  }
});
