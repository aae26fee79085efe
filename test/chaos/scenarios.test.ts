/**
 * A few rounds of every scenario of chaos, judged by the offline checker: nothing that holds for hundreds of rounds may
 * break in the first ones. Times are for the long form, `npm run chaos`.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { checkHistory, formatFindings } from './checker.ts';
import type { Findings } from './findings.ts';
import { readHistory } from './history.ts';
import { canMakeNamespaces } from './net-namespace.ts';
import { playScenario } from './scenarios.ts';
import type { ScenarioName } from './verdicts.ts';

async function playShort(t: TestContext, name: ScenarioName): Promise<Findings> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-chaos-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const seed = randomInt(2 ** 31);
  t.diagnostic(`seed ${seed}`);
  const onProgress = (text: string): void => t.diagnostic(text);
  const failures = await playScenario(name, { folder, seed, rounds: undefined, isShort: true, onProgress });
  assert.deepEqual(failures, []);
  const findings = checkHistory(await readHistory(folder));
  assert.deepEqual(findings.breaches, [], formatFindings(findings));
  return findings;
}

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

// Network namespaces are root's alone, and Linux's.
if (canMakeNamespaces()) {
  test('an edge that a firewall cuts off fences itself before its sessions go on elsewhere, and comes back', async (t) => {
    const { counts } = await playShort(t, 'cut');
    assert.ok(counts.get('faults: cut')! > 0);
  });
} else console.warn('no network was cut: that takes root, Linux, and the packages iproute2 and iptables');
