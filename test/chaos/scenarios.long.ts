/**
 * A few rounds of chaos by kills, freezes, moves and drains, and a short day's coming and going: nothing that holds for hundreds of
 * rounds may break in the first ones. Times are for the long form, `npm run chaos`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playShort } from './short-run.ts';

test('kill -9 and freezes of edges: what is acknowledged is kept, nobody is lost, owners never overlap', async (t) => {
  const { counts } = await playShort(t, 'failover');
  assert.ok(counts.get('faults: kill')! > 0 && counts.get('faults: stop')! > 0);
  assert.ok(counts.get('edits read')! > 0 && counts.get('envelopes heard')! > 0);
});

test('moves and drains under traffic: nothing is lost, doubled or out of order, and requests are answered', async (t) => {
  const { counts } = await playShort(t, 'move');
  assert.ok(counts.get('faults: move')! > 0 && counts.get('faults: drain')! > 0);
  assert.ok(counts.get('deliveries due')! > 0 && counts.get('requests')! > 0);
});

test('after many members who came and went an edge holds what it held before', async (t) => {
  const { figures, counts } = await playShort(t, 'turnover');
  assert.ok(counts.get('visits between the looks')! > 0);
  const growth = figures.get('heap-growth-percent')!;
  t.diagnostic(`the heap grew by ${growth.toFixed(2)} %`);
  assert.ok(growth < growthMaxPercent, `the heap grew by ${growth} %`);
});

/** In so few visits code that is compiled late weighs more than in the long form, whose bar is 5. */
const growthMaxPercent = 8;
