/**
 * The scenarios of chaos that nothing else is like: a day's coming and going, and a network that is cut between a front door
 * and an edge. Kills and moves under traffic are in the long tests. Times are for the long form, `npm run chaos`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canMakeNamespaces } from './net-namespace.ts';
import { playShort } from './short-run.ts';

test('after many members who came and went an edge holds what it held before', async (t) => {
  const { figures, counts } = await playShort(t, 'turnover');
  assert.ok(counts.get('visits between the looks')! > 0);
  const growth = figures.get('heap-growth-percent')!;
  t.diagnostic(`the heap grew by ${growth.toFixed(2)} %`);
  assert.ok(growth < growthMaxPercent, `the heap grew by ${growth} %`);
});

/** In so few visits code that is compiled late weighs more than in the long form, whose bar is 5. */
const growthMaxPercent = 8;

// Network namespaces are root's alone, and Linux's.
if (canMakeNamespaces()) {
  test('an edge that a firewall cuts off fences itself before its sessions go on elsewhere, and comes back', async (t) => {
    const { counts } = await playShort(t, 'cut');
    assert.ok(counts.get('faults: cut')! > 0);
  });
} else console.warn('no network was cut: that takes root, Linux, and the packages iproute2 and iptables');
