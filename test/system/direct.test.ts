/** `mooring direct` as an administrator meets it: start, second start, restarts of what died, stop. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '../support/oct-inbox.ts';
import { openPool, startPool } from '../support/pool.ts';
import type { EdgeView, Pool } from '../support/pool.ts';

const command = join(import.meta.dirname, '../../bin/mooring.js');

const hangMaxMs = 60_000;

// Each test that kills an edge has one of its own, and waits until all are ready again.
const { pool, close } = openPool();
before(async () => await pool.waitUntilReady());
after(close);

async function edgeOf(pool: Pool, id: string): Promise<EdgeView | undefined> {
  return (await pool.edges()).find((edge) => edge.id === id);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('one readable line says when the pool serves, on which ports, and what to open', async () => {
  const { http, admin } = pool.ports;
  assert.match(
    pool.readyLine,
    new RegExp(`^mooring direct ready: 3 edges, open http://127\\.0\\.0\\.1:${http}/`),
  );
  assert.match(pool.readyLine, new RegExp(`admin on ${admin}`));
  const home = await fetch(`${pool.url}/`);
  assert.equal(home.status, 200);
  assert.match(await home.text(), /3 of 3 edges ready/);
  const ready = await fetch(`http://127.0.0.1:${admin}/readyz`);
  assert.equal(ready.status, 200);
});

test('generated secrets can be read by their owner alone', () => {
  for (const name of ['join', 'session', 'admin']) {
    assert.equal(statSync(join(pool.dataDir, `${name}.secret`)).mode & 0o777, 0o600, name);
  }
});

test('a second start on the same data folder is refused with the holder’s process id', async () => {
  const second = spawnSync(process.execPath, [command, 'direct'], {
    env: {
      ...process.env,
      CT_DATA_DIR: pool.dataDir,
      CT_HTTP_PORT: '0',
      CT_ADMIN_PORT: '0',
      CT_CONTROL_PORT: '0',
    },
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(second.status, 1);
  assert.match(second.stderr, new RegExp(`in use by process ${pool.pid}`));
  assert.doesNotMatch(second.stderr, /\n\s+at /, 'no stack trace');
  assert.equal((await fetch(`${pool.url}/`)).status, 200, 'the first one goes on');
});

test('SIGTERM ends every process and leaves only data behind', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'mooring-test-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const pool = await startPool(t, { dataDir });
  const names = ['front door', 'edge-1', 'edge-2', 'edge-3'];
  const pids = await Promise.all(names.map((name) => pool.childPid(name)));
  assert.ok(pids.every(isAlive));
  assert.equal(await pool.stop(), undefined);
  assert.ok(!pids.some(isAlive), 'no child is left');
  const left = readdirSync(dataDir);
  assert.ok(
    !left.includes('mooring.json') && !left.some((name) => name.startsWith('mooring.lock')),
    left.join(', '),
  );
  const next = await startPool(t, { dataDir });
  assert.equal((await next.edges())[0]!.incarnation, 2, 'the next start is a new incarnation');
});

test('a killed edge is started again and takes keys as a new incarnation', async () => {
  const before = await pool.childPid('edge-1');
  process.kill(before, 'SIGKILL');
  await eventually(async () => (await pool.childPid('edge-1')) !== before, 'the edge is started again');
  await eventually(async () => (await pool.status()).ready === 3, 'all edges are ready');
  assert.equal((await edgeOf(pool, 'edge-1'))?.incarnation, 2);
  assert.ok(pool.lines.some((line) => line.event === 'child.exited' && line['child'] === 'edge-1'));
});

test('an edge that hangs is ended and started again', async () => {
  const pid = await pool.childPid('edge-2');
  process.kill(pid, 'SIGSTOP');
  const isEnded = (): boolean =>
    pool.lines.some(({ event, childPid }) => event === 'child.stuck' && childPid === pid);
  await eventually(isEnded, 'the edge is ended', hangMaxMs);
  await eventually(
    async () => {
      const edge = await edgeOf(pool, 'edge-2');
      return edge?.state === 'ready' && edge.incarnation === 2;
    },
    'its next incarnation is ready',
    hangMaxMs,
  );
});

test('a killed front door is started again on the same ports and finds every pin', async () => {
  const keys = Array.from({ length: 30 }, (_, i) => `key-${i}`);
  const owners = await Promise.all(keys.map((key) => pool.edgeOf(key)));
  const before = await pool.childPid('front door');
  process.kill(before, 'SIGKILL');
  await eventually(
    async () => (await pool.childPid('front door')) !== before,
    'the front door is started again',
  );
  await eventually(async () => (await pool.status()).ready === 3, 'the edges have joined again');
  assert.deepEqual(await Promise.all(keys.map((key) => pool.edgeOf(key))), owners);
});

test('a log that nobody reads any more costs the log alone: the pool serves, restarts what dies, and stops', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'mooring-test-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const pool = await startPool(t, { dataDir });
  const names = ['front door', 'edge-2', 'edge-3'];
  const pids = await Promise.all(names.map((name) => pool.childPid(name)));
  const victim = await pool.childPid('edge-1');
  pool.closeLog();
  process.kill(victim, 'SIGKILL');
  await eventually(async () => {
    const edge = await edgeOf(pool, 'edge-1');
    return edge?.incarnation === 2 && edge.state === 'ready';
  }, 'the killed edge is back');
  assert.ok(pids.every(isAlive));
  assert.equal(await pool.stop(), undefined);
  assert.ok(!pids.some(isAlive), 'no child is left');
});
