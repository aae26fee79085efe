/** The retry budget: a share of what there was in the last ten seconds, and a few in any case. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RetryBudget } from './retry-budget.ts';

function takeAll(budget: RetryBudget, nowMs: number, policy = { percent: 20, min: 3 }): number {
  let taken = 0;
  while (taken < 10_000 && budget.take(nowMs, policy)) taken++;
  return taken;
}

test('without traffic there is the minimum, and it is there again after the window', () => {
  const budget = new RetryBudget();
  assert.equal(takeAll(budget, 5_000), 3);
  assert.equal(takeAll(budget, 14_999), 0);
  assert.equal(takeAll(budget, 15_000), 3);
});

test('with traffic there is a share of it', () => {
  const budget = new RetryBudget();
  for (let i = 0; i < 100; i++) budget.noteExchange(1_000);
  assert.equal(takeAll(budget, 1_000), 20);
  for (let i = 0; i < 100; i++) budget.noteExchange(2_000);
  assert.equal(takeAll(budget, 2_000), 20);
  assert.equal(takeAll(budget, 100_000), 3, 'what is long past does not count');
});

test('a budget of nothing gives nothing', () => {
  const budget = new RetryBudget();
  budget.noteExchange(0);
  assert.equal(takeAll(budget, 0, { percent: 0, min: 0 }), 0);
});

test('in any window there are at most as many retries as share or minimum allow', () => {
  const steps = fc.array(fc.tuple(fc.nat(3_000), fc.nat(30), fc.nat(30)), { maxLength: 60 });
  fc.assert(
    fc.property(steps, fc.nat(100), fc.nat(10), (history, percent, min) => {
      const budget = new RetryBudget();
      let nowMs = 0;
      const noted: { readonly part: number; readonly exchanges: number; readonly retries: number }[] = [];
      for (const [wait, exchanges, wanted] of history) {
        nowMs += wait;
        const part = Math.floor(nowMs / 1_000);
        for (let i = 0; i < exchanges; i++) budget.noteExchange(nowMs);
        noted.push({ part, exchanges, retries: 0 });
        for (let i = 0; i < wanted; i++)
          if (budget.take(nowMs, { percent, min })) noted.push({ part, exchanges: 0, retries: 1 });
        const recent = noted.filter((one) => one.part > part - 10);
        const all = recent.reduce((sum, one) => sum + one.exchanges, 0);
        const retries = recent.reduce((sum, one) => sum + one.retries, 0);
        const held = noted.filter((one) => one.part > part - 20).reduce((sum, one) => sum + one.exchanges, 0);
        assert.ok(retries <= Math.max(min, (Math.max(all, held) * percent) / 100), `${retries} of ${all}`);
      }
    }),
  );
});
