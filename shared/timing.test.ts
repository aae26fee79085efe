/** The relations between the timing constants hold, and a contradiction is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertTimingRelations, timing } from './timing.ts';

test('the timing constants agree with each other', () => {
  assert.doesNotThrow(() => assertTimingRelations());
});

test('a lease that ends before the edge fences itself is refused', () => {
  assert.throws(
    () => assertTimingRelations({ ...timing, leaseMs: 2_400 }),
    /leaseMs \(2400\) must be greater/,
  );
  assert.throws(() => assertTimingRelations({ ...timing, selfFenceMs: 2_900 }), /250 ms/);
  assert.throws(() => assertTimingRelations({ ...timing, takeoverWaitMs: 14_000 }), /half of the time/);
});
