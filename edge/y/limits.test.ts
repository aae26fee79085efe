/** The compaction rule by table, and the heartbeat against the client’s patience. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heartbeatIntervalMs, isCompactionDue } from './limits.ts';

const clientGivesUpAfterMs = 30_000;

const cases: readonly (readonly [number, number, boolean])[] = [
  [0, 0, false],
  [499, 0, false],
  [500, 0, true],
  [501, 0, true],
  [999, 500, false],
  [1_000, 500, true],
];

for (const [lastSeq, attemptSeq, isDue] of cases) {
  test(`${lastSeq - attemptSeq} updates after the snapshot at ${attemptSeq}, another is ${isDue ? '' : 'not '}due`, () => {
    assert.equal(isCompactionDue(lastSeq, attemptSeq), isDue);
  });
}

test('a client hears something well before it gives a connection up', () => {
  assert.ok(heartbeatIntervalMs * 1.5 < clientGivesUpAfterMs);
});
