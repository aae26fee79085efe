/** A rate with a burst: never more than both allow, and never less. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bookTurn, fullSince, takeToken } from './token-bucket.ts';
import type { Rate } from './token-bucket.ts';

/** Times between events; what one costs, and how many pass at once. */
const histories = [
  fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 60 }),
  fc.integer({ min: 1, max: 200 }),
  fc.integer({ min: 1, max: 10 }),
] as const;

/** How many of the events pass. */
function passing(times: readonly number[], rate: Rate): number[] {
  let bucket = fullSince;
  return times.filter((time) => {
    const next = takeToken(bucket, time, rate);
    bucket = next ?? bucket;
    return next !== undefined;
  });
}

test('a full bucket gives its burst at once, then one event for each cost', () => {
  const rate = { costMs: 100, burst: 3 };
  assert.deepEqual(passing([0, 0, 0, 0, 99, 100, 100, 250], rate), [0, 0, 0, 100, 250]);
});

test('an event that is refused costs nothing', () => {
  const rate = { costMs: 100, burst: 1 };
  assert.deepEqual(passing([0, 10, 20, 30, 100], rate), [0, 100]);
});

test('over any stretch of time there pass at most burst and rate, and whoever keeps to the rate always passes', () => {
  fc.assert(
    fc.property(...histories, (steps, costMs, burst) => {
      let now = 1_000;
      const times = steps.map((step) => (now += step));
      const passed = passing(times, { costMs, burst });
      for (const [i, from] of passed.entries()) {
        for (const [j, to] of passed.slice(i).entries()) {
          assert.ok(j + 1 <= burst + (to - from) / costMs, `${j + 1} events in ${to - from} ms`);
        }
      }
      const slow = steps.map((_, i) => i * costMs);
      assert.deepEqual(passing(slow, { costMs, burst }), slow);
    }),
  );
});

test('whoever waits for a turn comes in as one who is refused would who asked again at every moment', () => {
  fc.assert(
    fc.property(...histories, (steps, costMs, burst) => {
      let now = 1_000;
      let bucket = fullSince;
      const turns = steps.map((step) => {
        now += step;
        const { fullAtMs, waitMs } = bookTurn(bucket, now, { costMs, burst });
        bucket = fullAtMs;
        return now + waitMs;
      });
      assert.deepEqual(
        turns,
        turns.toSorted((a, b) => a - b),
        'nobody overtakes',
      );
      assert.deepEqual(passing(turns, { costMs, burst }), turns, 'all come in at their turns');
    }),
  );
});
