/** An administrator steers where new keys go: maintenance, weights, evictions, by command and through every front door. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { adminToken, makeDataDir, startFrontDoor, until } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { startPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';
import { startStaticBackend } from '../support/static-backend.ts';
import type { StaticBackend } from '../support/static-backend.ts';

const keys = 40;

async function place(door: FrontDoor, prefix: string): Promise<string[]> {
  return await Promise.all(
    Array.from({ length: keys }, async (_, i) => {
      const headers = { ctstickiness: `${prefix}-${i}` };
      const answer = await fetch(`http://${door.host}/`, { headers });
      return ((await answer.json()) as { backend: string }).backend;
    }),
  );
}

async function mooring(t: TestContext, door: FrontDoor, ...args: string[]): Promise<string> {
  const where = ['--admin', door.adminUrl];
  const { code, stdout, stderr } = await runCommand(t, [...args, ...where], { CT_ADMIN_TOKEN: adminToken });
  assert.deepEqual([code, stderr], [0, '']);
  return stdout;
}

async function startBackends(t: TestContext): Promise<StaticBackend[]> {
  return [await startStaticBackend(t, 'a'), await startStaticBackend(t, 'b')];
}

test('in maintenance a backend keeps its keys and gets no new ones, through any front door and over their restarts', async (t) => {
  const backends = await startBackends(t);
  const dataDir = makeDataDir(t);
  const settings = { CT_ADMIN_SOCKET: 'off' };
  const one = await startFrontDoor(t, { backends, dataDir, settings });
  const other = await startFrontDoor(t, { backends, dataDir, settings });
  const before = await place(one, 'old');
  assert.ok(before.includes('a') && before.includes('b'));

  assert.match(await mooring(t, one, 'maintenance', 'b'), /^b takes no new keys, and keeps its sessions$/m);
  assert.match(await mooring(t, one, 'edges'), /^b +maintenance /m);
  // The other front door has not been told, and its directory refuses all the same.
  assert.deepEqual(new Set(await place(other, 'new')), new Set(['a']));
  assert.deepEqual(await place(other, 'old'), before);
  assert.deepEqual(await place(one, 'old'), before);
  // It would wait for a ready one: b is none.
  const late = backends.map(({ name, url }) => ({ name, url, passesChecks: name === 'a' }));
  const third = await startFrontDoor(t, { backends: late, dataDir, settings });
  assert.deepEqual(new Set(await place(third, 'newer')), new Set(['a']));

  assert.match(await mooring(t, other, 'maintenance', 'b', 'off'), /^b takes new keys again$/m);
  await until(async () => (await one.edges()).every(({ state }) => state === 'ready'), 'both know it');
  assert.ok((await place(one, 'again')).includes('b'));
});

test('new keys go by the weight that an administrator sets, until the edge has its own again', async (t) => {
  const door = await startFrontDoor(t, { backends: await startBackends(t) });
  assert.match(await mooring(t, door, 'weight', 'b', '1'), /^b has weight 1 now$/m);
  assert.match(await mooring(t, door, 'edges'), /^b +ready +1 +1 \(100\) /m);
  const placed = await place(door, 'light');
  assert.ok(placed.filter((name) => name === 'b').length < keys / 4, String(placed));
  assert.match(await mooring(t, door, 'weight', 'b', 'own'), /^b has weight 100 now$/m);
  const refused = await runCommand(t, ['weight', 'nobody', '5', '--admin', door.adminUrl], {
    CT_ADMIN_TOKEN: adminToken,
  });
  assert.deepEqual([refused.code, refused.stdout], [1, '']);
  assert.match(refused.stderr, /^mooring: edge-unknown: /);
});

async function openSocket(t: TestContext, pool: Pool, key: string): Promise<WebSocket> {
  const socket = new WebSocket(`${pool.url.replace('http', 'ws')}/y/${key}/notes`);
  t.after(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

test('a key whose session runs is evicted only with its end, and then placed anew under a higher epoch', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '2' } });
  const evict = async (...more: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
    await runCommand(t, ['evict', 'shared', '--data-dir', pool.dataDir, ...more]);
  assert.match((await evict()).stderr, /session-not-found/);

  const socket = await openSocket(t, pool, 'shared');
  const before = await pool.where('shared');
  const refused = await evict();
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^mooring: session-live: /);
  assert.deepEqual(await pool.where('shared'), before);
  const pong = once(socket, 'pong');
  socket.ping();
  await pong;

  const closed = once(socket, 'close');
  const done = await evict('--end');
  assert.equal(done.stderr, '');
  assert.match(done.stdout, /^shared has no edge any more; it was on edge-\d \(epoch \d+\)$/m);
  await closed;
  assert.equal((await pool.where('shared')).edge, undefined);
  await openSocket(t, pool, 'shared');
  assert.ok((await pool.where('shared')).epoch > before.epoch);
  assert.match((await runCommand(t, ['verify', '--data-dir', pool.dataDir])).stdout, / 0 with two owners/);
});
