/** What edges have heard from front doors, and what follows for one whose store does not answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeOutage } from './judge-outage.ts';

const cases = [
  {
    what: 'nothing was heard since it failed',
    renewedAgoMs: 900,
    heardAgoMs: 900,
    downForMs: 800,
    is: undefined,
  },
  {
    what: 'everybody had a report since, in vain',
    renewedAgoMs: 5_000,
    heardAgoMs: 1_100,
    downForMs: 2_000,
    is: 'away',
  },
  {
    what: 'another one has renewed since',
    renewedAgoMs: 1_100,
    heardAgoMs: 1_100,
    downForMs: 2_000,
    is: 'cut-off',
  },
  {
    what: 'one has said nothing since, as on a busy machine',
    renewedAgoMs: 3_100,
    heardAgoMs: 3_100,
    downForMs: 3_000,
    is: undefined,
  },
  {
    what: 'one has never said anything',
    renewedAgoMs: 9_000,
    heardAgoMs: Infinity,
    downForMs: 8_000,
    is: undefined,
  },
  {
    what: 'what was under way when it failed is done',
    renewedAgoMs: 1_800,
    heardAgoMs: 1_800,
    downForMs: 2_000,
    is: undefined,
  },
  {
    what: 'one has fallen silent in a long outage',
    renewedAgoMs: 60_000,
    heardAgoMs: 4_000,
    downForMs: 59_000,
    is: undefined,
  },
  { what: 'it is away for long', renewedAgoMs: 60_000, heardAgoMs: 900, downForMs: 59_000, is: 'away' },
] as const;

for (const { what, is, downForMs, ...heard } of cases) {
  void test(`${what}: ${is ?? 'no verdict'}`, () => {
    assert.equal(judgeOutage(heard, downForMs), is);
  });
}
