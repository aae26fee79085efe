/** The load score: rises with everything that hurts, falls with weight, and is kind to a new incarnation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scoreLoad } from './load-score.ts';
import type { LoadInput } from './load-score.ts';

const calm: LoadInput = {
  work: 10,
  unreportedWork: 0,
  weight: 100,
  utilisation: 0.3,
  eventLoopDelayP99Ms: 5,
  memory: 0.2,
  ageMs: 3_600_000,
};

test('a calm edge scores its members, and one for the next', () => {
  assert.equal(scoreLoad(calm), 11);
});

test('a placement that no report includes yet counts like members', () => {
  assert.equal(scoreLoad({ ...calm, work: 7, unreportedWork: 3 }), scoreLoad(calm));
});

test('twice the weight takes twice the members at the same score', () => {
  assert.equal(scoreLoad({ ...calm, work: 21, weight: 200 }), scoreLoad(calm));
});

test('an idle edge of greater weight is lighter from the first key on', () => {
  const idle = { ...calm, work: 0 };
  assert.ok(scoreLoad({ ...idle, weight: 200 }) < scoreLoad(idle));
});

test('a new incarnation counts as ten times as loaded, and as it is after a minute', () => {
  assert.equal(scoreLoad({ ...calm, ageMs: 0 }), 110);
  assert.equal(scoreLoad({ ...calm, ageMs: -5 }), 110);
  assert.equal(scoreLoad({ ...calm, ageMs: 60_000 }), 11);
});

test('strain below its thresholds counts nothing', () => {
  const quiet = { ...calm, eventLoopDelayP99Ms: 20, memory: 0.7, utilisation: 0.7 };
  assert.equal(scoreLoad(quiet), scoreLoad(calm));
});

test('no figure that gets worse lowers the score', () => {
  const input = fc.record({
    work: fc.nat(100_000),
    unreportedWork: fc.nat(1_000),
    weight: fc.integer({ min: 1, max: 1_000 }),
    utilisation: fc.double({ min: 0, max: 1, noNaN: true }),
    eventLoopDelayP99Ms: fc.double({ min: 0, max: 10_000, noNaN: true }),
    memory: fc.double({ min: 0, max: 2, noNaN: true }),
    ageMs: fc.nat(120_000),
  });
  const worse = fc.constantFrom('work', 'unreportedWork', 'utilisation', 'eventLoopDelayP99Ms', 'memory');
  fc.assert(
    fc.property(input, worse, fc.double({ min: 0, max: 100, noNaN: true }), (load, figure, by) => {
      const before = scoreLoad(load);
      assert.ok(Number.isFinite(before) && before > 0);
      assert.ok(scoreLoad({ ...load, [figure]: load[figure] + by }) >= before);
      assert.ok(scoreLoad({ ...load, ageMs: load.ageMs + by }) <= before);
    }),
  );
});
