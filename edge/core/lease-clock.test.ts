/** The edge's clock of its lease: never longer than the directory's, whatever is late. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { timing } from '#shared/timing.ts';
import { LeaseClock } from './lease-clock.ts';

test('a lease runs from the moment its report was sent, not from the answer', () => {
  const lease = new LeaseClock(2_500);
  assert.equal(lease.isValid(0), false);
  lease.renew(1_000);
  assert.equal(lease.isValid(3_499), true);
  assert.equal(lease.isValid(3_500), false);
  assert.equal(lease.leftMs(3_000), 500);
});

test('a late answer to an older report does not shorten the lease', () => {
  const lease = new LeaseClock(2_500);
  lease.renew(2_000);
  lease.renew(1_000);
  assert.equal(lease.isValid(4_400), true);
});

test('a lease that runs while there is no front door is extended, one that has lapsed is not', () => {
  const lease = new LeaseClock(2_500);
  lease.renew(1_000);
  lease.extend(3_000, 3_400);
  assert.equal(lease.isValid(5_499), true);
  assert.equal(lease.isValid(5_500), false);
  lease.extend(5_600, 5_700);
  assert.equal(lease.isValid(5_700), false);
});

test('an incarnation that is over serves nothing until a new lease comes', () => {
  const lease = new LeaseClock(2_500);
  lease.renew(1_000);
  lease.end();
  assert.equal(lease.isValid(1_001), false);
  lease.renew(1_500);
  assert.equal(lease.isValid(1_501), true);
});

test('the edge always stops before the directory lets its pins go, whatever the delays', () => {
  const report = fc.record({
    gap: fc.integer({ min: 0, max: 5_000 }),
    toDirectory: fc.integer({ min: 0, max: 10_000 }),
    back: fc.integer({ min: 0, max: 10_000 }),
  });
  fc.assert(
    fc.property(fc.array(report, { minLength: 1, maxLength: 20 }), (reports) => {
      const lease = new LeaseClock(timing.selfFenceMs);
      let sentAt = 0;
      let directoryUntil = 0;
      for (const { gap, toDirectory, back } of reports) {
        sentAt += gap;
        directoryUntil = Math.max(directoryUntil, sentAt + toDirectory + timing.leaseMs);
        if (back < 9_000) lease.renew(sentAt);
      }
      assert.equal(lease.isValid(directoryUntil), false);
    }),
  );
});
