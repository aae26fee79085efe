/**
 * The scenario of chaos that nothing else is like: a network that is cut between a front door and an edge. The others are in the
 * long tests. Times are for the long form, `npm run chaos`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canMakeNamespaces } from './net-namespace.ts';
import { playShort } from './short-run.ts';

// Network namespaces are root's alone, and Linux's.
if (canMakeNamespaces()) {
  test('an edge that a firewall cuts off fences itself before its sessions go on elsewhere, and comes back', async (t) => {
    const { counts } = await playShort(t, 'cut');
    assert.ok(counts.get('faults: cut')! > 0);
  });
} else console.warn('no network was cut: that takes root, Linux, and the packages iproute2 and iptables');
