/** Edges are emptied while their sessions go on: by an administrator, and by an edge that is told to stop. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import type { OctMember } from '../support/oct-client.ts';
import { eventually } from '../support/oct-inbox.ts';
import { checkTalk, openPairs, startTalk } from '../support/oct-moves.ts';
import { openPool, startPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';
import { openDocument } from '../support/y-document.ts';

const command = join(import.meta.dirname, '../../bin/mooring.js');

const opened = openPool({ env: { CT_STOP_GRACE_MS: '10000' } });
before(async () => await opened.pool.waitUntilReady());
// An edge that a test restarted is back before the next one begins.
beforeEach(async () => {
  await eventually(async () => (await opened.pool.status()).ready === 3, 'all edges are ready');
});
after(opened.close);

/** What a command printed, and its exit code. */
async function run(pool: Pool, ...args: string[]): Promise<{ code: number; output: string }> {
  const given = [command, ...args, '--data-dir', pool.dataDir];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, given, { timeout: 60_000 });
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

async function areBack(pairs: readonly OctMember[][]): Promise<void> {
  await eventually(() => pairs.flat().every(({ socket }) => socket!.connected), 'all are back');
}

async function sessionsOf(pool: Pool, edge: string): Promise<number | undefined> {
  return (await pool.edges()).find(({ id }) => id === edge)?.load?.sessions;
}

const sessions = 8;

test('an edge is drained under traffic, gets nothing new, and takes sessions again after undrain', async (t) => {
  const { pool } = opened;
  const pairs = await openPairs(t, pool, sessions);
  const document = await openDocument(t, pool.url, { key: 'a-document', name: 'notes' });
  document.text.insert(0, 'kept');
  const edge = await pool.edgeOf(pairs[0]![0]!.key);
  const talks = pairs.map((pair) => startTalk(t, pair, 20));
  const before = await sessionsOf(pool, edge);
  const { code, output } = await run(pool, 'drain', edge, '--deadline', '30');
  assert.equal(code, 0, output);
  assert.match(output, new RegExp(`^${edge}: drained, \\d+ moved, 0 failed tries, 0 left$`, 'm'));
  t.diagnostic(`${before} sessions before: ${output.trim().split('\n').at(-1)}`);
  await areBack(pairs);
  for (const [i, endTalk] of talks.entries()) checkTalk(t, await endTalk(), `session ${i}`);
  for (const [ann] of pairs) assert.notEqual(await pool.edgeOf(ann!.key), edge);
  const late = await openDocument(t, pool.url, { key: 'a-document', name: 'notes' });
  assert.equal(late.text.toJSON(), 'kept');

  const fresh = await openPairs(t, pool, 3);
  for (const [ann] of fresh)
    assert.notEqual(await pool.edgeOf(ann!.key), edge, 'a draining edge gets no new key');
  assert.match((await run(pool, 'status')).output, new RegExp(`drains +edge ${edge}, state drained`));
  assert.equal((await run(pool, 'undrain', edge)).code, 0);
  await eventually(async () => (await pool.status()).ready === 3, 'the edge is ready again');
  const keys = Array.from({ length: 40 }, (_, i) => `new-key-${i}`);
  const owners = await Promise.all(keys.map(async (key) => await pool.edgeOf(key)));
  assert.ok(owners.includes(edge), 'it takes keys again');
  assert.equal((await pool.act('/admin/undrain', { edge })).answer['code'], 'edge-not-draining');
});

test('an edge that is told to stop has its sessions moved first: nobody misses anything', async (t) => {
  const { pool } = opened;
  const pairs = await openPairs(t, pool, sessions);
  const edge = await pool.edgeOf(pairs[0]![0]!.key);
  const talks = pairs.map((pair) => startTalk(t, pair, 20));
  const pid = await pool.childPid(edge);
  process.kill(pid, 'SIGTERM');
  await eventually(async () => (await pool.childPid(edge)) !== pid, 'the edge is started again');
  await areBack(pairs);
  for (const [i, endTalk] of talks.entries()) checkTalk(t, await endTalk(), `session ${i}`);
  for (const [ann] of pairs) assert.notEqual(await pool.edgeOf(ann!.key), edge);
});

test('sessions that nobody can take stay, and the command says so', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '1' } });
  const [pair] = await openPairs(t, pool, 1);
  const { code, output } = await run(pool, 'drain', 'edge-1', '--deadline', '1');
  assert.equal(code, 1);
  assert.match(output, /^edge-1: waiting, 0 moved, 0 failed tries, 1 left$/m);
  assert.match(output, /mooring: 1 sessions are left on edge-1/);
  assert.ok(pair!.every(({ socket }) => socket!.connected));
  assert.equal((await run(pool, 'undrain', 'edge-1')).code, 0);
  const nobody = await run(pool, 'drain', 'edge-7');
  assert.equal(nobody.code, 1);
  assert.match(nobody.output, /edge-unknown: There is no edge of this name/);
});

test('a rolling restart replaces the front door and every edge, and nobody misses anything', async (t) => {
  const { pool } = opened;
  const pairs = await openPairs(t, pool, 4);
  const before = await pool.edges();
  const talks = pairs.map((pair) => startTalk(t, pair, 20));
  const { code, output } = await run(pool, 'restart', '--rolling', '--deadline', '30');
  assert.equal(code, 0, output);
  assert.match(output, /^front door: replaced, process \d+$/m);
  await areBack(pairs);
  for (const [i, endTalk] of talks.entries()) checkTalk(t, await endTalk(), `session ${i}`);
  const edges = await pool.edges();
  assert.deepEqual(
    edges.map(({ id, incarnation, state }) => `${id}:${incarnation} ${state}`),
    before.map(({ id, incarnation }) => `${id}:${incarnation + 1} ready`),
  );
  assert.match(
    (await run(pool, 'restart', 'edge-1', '--rolling')).output,
    /name the edge to restart, or --front-door, or --rolling/,
  );
});
