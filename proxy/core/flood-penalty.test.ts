/** The penalty for floods: short, growing, bounded, and forgotten in time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noPenalty, penaltyAfterFlood } from './flood-penalty.ts';
import type { Penalty } from './flood-penalty.ts';

const maxMs = 60_000;

/** Floods again as soon as it may, so often. */
function lengths(rounds: number, pauseMs = 0): number[] {
  let [now, penalty] = [5_000, noPenalty];
  return Array.from({ length: rounds }, () => {
    penalty = penaltyAfterFlood(penalty, now, maxMs)!;
    const ms = penalty.refusedUntilMs - now;
    now = penalty.refusedUntilMs + pauseMs;
    return ms;
  });
}

test('the penalty grows with each round, up to its bound', () => {
  assert.deepEqual(lengths(5), [1_000, 4_000, 16_000, 60_000, 60_000]);
  assert.equal(lengths(2_000).at(-1), maxMs, 'also after rounds without number');
});

test('many connections that end at once are one round, and none makes the penalty that runs longer', () => {
  const penalty = penaltyAfterFlood(noPenalty, 0, maxMs)!;
  for (const nowMs of [0, 1, 999]) assert.equal(penaltyAfterFlood(penalty, nowMs, maxMs), undefined);
  assert.equal(penaltyAfterFlood(penalty, 1_000, maxMs)?.rounds, 2);
});

test('after a calm time an address is as one that never flooded; one that only waits is not', () => {
  assert.deepEqual(lengths(3, 300_000), [1_000, 1_000, 1_000]);
  assert.deepEqual(lengths(3, 299_999), [1_000, 4_000, 16_000]);
});

test('without a longest penalty there is none', () => {
  assert.equal(penaltyAfterFlood(noPenalty, 0, 0), undefined);
});

test('whatever the floods, no penalty is longer than its bound, and each is forgotten at some time', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(400_000)), fc.integer({ min: 1, max: maxMs }), (pauses, max) => {
      let [now, penalty]: [number, Penalty] = [0, noPenalty];
      for (const pause of pauses) {
        now += pause;
        penalty = penaltyAfterFlood(penalty, now, max) ?? penalty;
        assert.ok(penalty.refusedUntilMs - now <= max);
        assert.ok(penalty.forgottenAtMs > penalty.refusedUntilMs);
      }
    }),
  );
});
