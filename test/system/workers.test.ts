/** Several front doors of one machine under one supervisor: they share the ports, and clients cannot tell which one they have. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { askAtSocket } from '../support/admin-api.ts';
import type { AskAdmin } from '../support/admin-api.ts';
import { fleetSecret, makeDataDir, startFrontDoor } from '../support/front-door.ts';
import { testHeldSocket } from '../support/held-socket.ts';
import { eventually } from '../support/oct-inbox.ts';
import { startPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';
import { startStaticBackend } from '../support/static-backend.ts';
import { SteadyCrowd } from '../support/steady-crowd.ts';
import { basic, dashboardLogin } from '../support/viewer.ts';

const workers = 2;

async function startWorkers(t: TestContext, env: Record<string, string> = {}): Promise<Pool> {
  const dataDir = makeDataDir(t);
  const settings = { CT_EDGES: '2', CT_PROXY_WORKERS: String(workers), ...env };
  return await startPool(t, { dataDir, env: settings });
}

function askBoth(pool: Pool): AskAdmin[] {
  return ['admin.sock', 'admin-2.sock'].map((name) => askAtSocket(join(pool.dataDir, name)));
}

/** Who settled exchanges, by the process id of the front door. */
function servers(pool: Pool): Set<unknown> {
  return new Set(pool.lines.filter(({ event }) => event === 'exchange.settled').map((line) => line['pid']));
}

test('all of them serve, all know every edge, and each says which one it is', async (t) => {
  const pool = await startWorkers(t);
  let key = 0;
  const ask = async (): Promise<boolean> => {
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const headers = { ctstickiness: `key-${key++}`, connection: 'close' };
        assert.equal((await fetch(`${pool.url}/ct-health/`, { headers })).status, 200);
      }),
    );
    return servers(pool).size === workers;
  };
  await eventually(ask, 'both have served');
  const answers = await Promise.all(askBoth(pool).map(async (ask) => await ask({ path: '/admin/status' })));
  assert.deepEqual(
    answers.map(({ body }) => [body['worker'], body['ready'], body['pins']]),
    [
      ['1 of 2', 2, key],
      ['2 of 2', 2, key],
    ],
  );
  assert.match((await runCommand(t, ['verify', '--data-dir', pool.dataDir])).stdout, / 0 with two owners/);
});

test('a login that began at one front door is confirmed and taken at any, and all of them give a guesser the tries of one', async (t) => {
  const pool = await startWorkers(t, dashboardLogin);
  const post = async (path: string, body: object): Promise<Response> =>
    await fetch(`${pool.url}/api/login/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      // Each on a connection of its own, which any of them may get.
      headers: { connection: 'close', 'content-type': 'application/json' },
    });
  const headers = { connection: 'close', ...basic(dashboardLogin.CT_DASHBOARD_USER, 'a guess') };
  for (let i = 0; i < 10; i++) assert.equal((await fetch(`${pool.url}/logs/`, { headers })).status, 401);
  for (let i = 0; i < 12; i++) {
    const { pollToken } = (await (await post('initial', {})).json()) as { pollToken: string };
    const polled = post(`poll/${pollToken}`, {});
    assert.equal((await post('simple', { token: pollToken, user: `user-${i}` })).status, 200);
    assert.match(((await (await polled).json()) as { loginToken: string }).loginToken, /^ey/);
    if (i % 4 === 0) assert.equal((await post(`poll/${pollToken}`, {})).status, 400);
  }
  const isTaken = async (): Promise<boolean> =>
    (await fetch(`${pool.url}/logs/`, { headers })).status === 401;
  // The logins went the same way after them: each front door knows what the other has heard.
  let [taken, refused] = [10, 0];
  while (refused < 12)
    if (await isTaken()) taken++;
    else refused++;
  // One more in half a minute.
  assert.ok(taken <= 14, `${taken} guesses`);
});

test('a second supervisor on one data folder is refused and takes nothing from the first, which a killed one does not stand in the way of', async (t) => {
  const backend = await startStaticBackend(t, 'a');
  const settings = { CT_PROXY_WORKERS: String(workers) };
  const first = await startFrontDoor(t, { backends: [backend], settings });
  const { dataDir } = first;
  const serves = async (): Promise<number> =>
    (await fetch(`http://${first.host}/`, { headers: { ctstickiness: 'k', connection: 'close' } })).status;
  const processes = async (): Promise<string> =>
    JSON.stringify(await readRows(t, dataDir), ['name', 'pid', 'restarts']);
  const before = await processes();
  const free = { CT_HTTP_PORT: '0', CT_ADMIN_PORT: '0', CT_CONTROL_PORT: '0', CT_DATA_DIR: dataDir };
  const secrets = { CT_JOIN_TOKEN: fleetSecret, CT_SESSION_SECRET: fleetSecret };
  const planned = { CT_PROXY_WORKERS: '1', CT_AUTO_RESTART_CRON_PATTERN: '0 3 * * 0' };
  for (const [role, more] of [
    ['proxy', settings],
    ['proxy', planned],
    ['direct', {}],
  ] as const) {
    const second = await runCommand(t, [role], { ...free, ...secrets, ...more });
    assert.deepEqual([second.code, second.stdout], [1, ''], second.stderr);
    const refusal = `mooring: the data folder ${dataDir} is in use by process ${first.pid}; stop it, or set CT_DATA_DIR\n`;
    assert.equal(second.stderr, refusal);
  }
  assert.equal(await processes(), before);
  assert.equal(await serves(), 200);
  await first.kill();
  const next = await startFrontDoor(t, { backends: [backend], settings, dataDir });
  assert.match(await processes(), new RegExp(`"pid":${next.pid}\\b`));
});

/** As `mooring ps` tells them. */
async function readRows(t: TestContext, dataDir: string): Promise<unknown[]> {
  const { stdout } = await runCommand(t, ['ps', '--data-dir', dataDir, '--json']);
  return (JSON.parse(stdout) as { processes: unknown[] }).processes;
}

test('they are replaced one after the other and take settings up together, and nobody notices', async (t) => {
  const dataDir = makeDataDir(t);
  const path = join(dataDir, 'settings.env');
  writeFileSync(path, 'CT_SERVER_OWNER=First\n');
  const env = { CT_EDGES: '2', CT_PROXY_WORKERS: String(workers), CT_SETTINGS_FILE: path, CT_HANDOFF: 'off' };
  const pool = await startPool(t, { dataDir, env });
  const crowd = new SteadyCrowd({ url: pool.url, sockets: 60, arrivalsPerSecond: 40 });
  t.after(() => crowd.leave());
  await crowd.enter();
  writeFileSync(path, 'CT_SERVER_OWNER=Second\n');
  const reloaded = await runCommand(t, ['reload', '--data-dir', dataDir]);
  assert.deepEqual([reloaded.code, reloaded.stderr], [0, '']);
  const both = askBoth(pool);
  const isSecond = async (ask: AskAdmin): Promise<boolean> =>
    JSON.stringify((await ask({ path: '/admin/settings' })).body).includes('"value":"Second"');
  await eventually(async () => (await Promise.all(both.map(isSecond))).every(Boolean), 'both have it');
  const pids = async (): Promise<unknown[]> =>
    await Promise.all(both.map(async (ask) => (await ask({ path: '/admin/status' })).body['pid']));
  const before = await pids();
  const restarted = await runCommand(t, ['restart', '--front-door', '--data-dir', dataDir]);
  assert.deepEqual([restarted.code, restarted.stderr], [0, '']);
  const after = await pids();
  assert.equal(new Set([...before, ...after]).size, workers * 2);
  await crowd.stopArrivals();
  await crowd.allAnswer();
  const { faults, dropped } = crowd.noticed;
  assert.deepEqual({ faults, dropped }, { faults: {}, dropped: 0 });
  assert.ok(existsSync(join(dataDir, 'admin-2.sock')));
});

testHeldSocket('auto');
