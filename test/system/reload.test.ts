/** The settings file is read anew while a front door serves: all of it or nothing, and no connection notices. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { adminToken, makeDataDir, startFrontDoor, until } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { startPool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';
import type { RunResult } from '../support/run-command.ts';
import { startStaticBackend } from '../support/static-backend.ts';
import type { StaticBackend } from '../support/static-backend.ts';

interface Served {
  readonly door: FrontDoor;
  readonly write: (...lines: readonly string[]) => void;
  readonly path: string;
  readonly mooring: (...args: readonly string[]) => Promise<RunResult>;
}

async function serve(t: TestContext, ...lines: readonly string[]): Promise<Served> {
  const dataDir = makeDataDir(t);
  const path = join(dataDir, 'settings.env');
  const write = (...texts: readonly string[]): void => writeFileSync(path, `${texts.join('\n')}\n`);
  write(...lines);
  const door = await startFrontDoor(t, { dataDir, settings: { CT_SETTINGS_FILE: path } });
  const mooring = async (...args: readonly string[]): Promise<RunResult> =>
    await runCommand(t, [...args, '--data-dir', dataDir], { CT_ADMIN_TOKEN: adminToken });
  return { door, write, path, mooring };
}

function backendLine(...backends: readonly (StaticBackend | { text: string })[]): string {
  const items = backends.map((item) => ('text' in item ? item.text : `${item.name}=${item.url}`));
  return `CT_BACKEND=${items.join(',')}`;
}

async function backendOf(door: FrontDoor, key: string): Promise<string> {
  const answer = await fetch(`http://${door.host}/`, { headers: { ctstickiness: key } });
  return ((await answer.json()) as { backend: string }).backend;
}

async function openSocket(t: TestContext, door: FrontDoor, key: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${door.host}/`, { headers: { ctstickiness: key } });
  t.after(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

async function answersPing(socket: WebSocket): Promise<void> {
  const pong = once(socket, 'pong');
  socket.ping();
  await pong;
}

test('what differs is shown, then applied; who is connected notices nothing', async (t) => {
  const a = await startStaticBackend(t, 'a');
  const { door, write, mooring } = await serve(t, backendLine(a));
  await until(async () => (await door.edges()).some(({ state }) => state === 'ready'), 'a is ready');
  const socket = await openSocket(t, door, 'k1');
  const b = await startStaticBackend(t, 'b');

  write(
    backendLine(a, { text: `b=${b.url};weight=300` }),
    'CT_TRUSTED_PROXIES=127.0.0.0/8',
    'CT_LOG_LEVEL=warn',
  );
  const dry = await mooring('reload', '--dry-run');
  assert.deepEqual([dry.code, dry.stderr], [0, '']);
  assert.match(dry.stdout, /^CT_TRUSTED_PROXIES: \(empty\) -> 127\.0\.0\.0\/8$/m);
  assert.match(dry.stdout, /^valid; nothing was applied$/m);
  assert.equal((await door.edges()).length, 1);

  const done = await mooring('reload');
  assert.match(done.stdout, /^applied$/m);
  await until(async () => (await door.edges()).every(({ state }) => state === 'ready'), 'b is ready');
  assert.equal((await door.edges()).length, 2);
  const headers = { ctstickiness: 'k2', 'x-forwarded-for': '203.0.113.9' };
  await fetch(`http://${door.host}/`, { headers });
  const seen = [a, b].flatMap(({ requests }) => requests).find(({ headers: all }) => all.includes('k2'));
  assert.ok(
    seen!.headers.some((value) => value.includes('203.0.113.9')),
    String(seen!.headers),
  );
  await answersPing(socket);
  const shown = await mooring('settings', 'CT_LOG_LEVEL');
  assert.match(shown.stdout, /^CT_LOG_LEVEL +file +yes +warn$/m);
  assert.match((await mooring('reload')).stdout, /^nothing differs$/m);
  const { stdout } = await mooring('audit');
  assert.match(stdout, /settings\.changed +CT_LOG_LEVEL .*info -> warn/);
});

test('a file with faults, or one that is gone, changes nothing, and every fault is told', async (t) => {
  const a = await startStaticBackend(t, 'a');
  const { door, write, path, mooring } = await serve(t, backendLine(a), 'CT_SERVER_OWNER=First');
  write(backendLine(a), 'CT_SERVER_OWNER=Second', 'CT_HTPP_PORT=1', 'CT_HEAD_TIMEOUT_MS=soon');
  const bad = await mooring('reload');
  assert.deepEqual([bad.code, bad.stdout], [1, '']);
  assert.match(bad.stderr, /^mooring: settings-invalid: /);
  assert.match(bad.stderr, /CT_HTPP_PORT: unknown setting, did you mean CT_HTTP_PORT\?/);
  assert.match(bad.stderr, /CT_HEAD_TIMEOUT_MS: "soon"/);
  write(backendLine(a), 'CT_TRUSTED_PROXIES=10.0.0.0/99', 'CT_SERVER_OWNER=Second');
  assert.match((await mooring('reload')).stderr, /networks: CT_TRUSTED_PROXIES: /);
  rmSync(path);
  assert.match((await mooring('reload')).stderr, /settings-invalid[\s\S]*ENOENT/);
  process.kill(door.pid, 'SIGHUP');
  await door.log.next(({ event }) => event === 'settings.refused', 'the signal is refused');
  assert.match((await mooring('settings', 'CT_SERVER_OWNER')).stdout, / First$/m);
});

test('settings that need a restart are named, and with them nothing is applied', async (t) => {
  const a = await startStaticBackend(t, 'a');
  const { write, mooring } = await serve(t, backendLine(a));
  write(backendLine(a), 'CT_CONTROL_HOST=127.0.0.2', 'CT_SERVER_OWNER=Second');
  const dry = await mooring('reload', '--dry-run');
  assert.equal(dry.code, 1);
  assert.match(dry.stdout, /^CT_CONTROL_HOST: 127\.0\.0\.1 -> 127\.0\.0\.2 +needs a restart$/m);
  const refused = await mooring('reload');
  assert.deepEqual([refused.code, refused.stdout], [1, '']);
  assert.match(
    refused.stderr,
    /^mooring: restart-needed: [\s\S]*CT_CONTROL_HOST: 127\.0\.0\.1 -> 127\.0\.0\.2/,
  );
  assert.match((await mooring('settings', 'CT_SERVER_OWNER')).stdout, / Mooring$/m);
  const moved = { text: 'a=http://127.0.0.1:9' };
  write(backendLine(moved));
  assert.match(
    (await mooring('reload')).stderr,
    /backends: a is at http:.* give http:\/\/127\.0\.0\.1:9 a name/,
  );
});

test('a backend that is taken out keeps its keys and sockets, gets no new ones, and may come back', async (t) => {
  const [a, b] = [await startStaticBackend(t, 'a'), await startStaticBackend(t, 'b')];
  const { door, write, mooring } = await serve(t, backendLine(a, b));
  await until(
    async () => (await door.edges()).filter(({ state }) => state === 'ready').length === 2,
    'both ready',
  );
  const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
  const before = await Promise.all(keys.map(async (key) => await backendOf(door, key)));
  const held = keys[before.indexOf('b')]!;
  const socket = await openSocket(t, door, held);

  write(backendLine(a));
  process.kill(door.pid, 'SIGHUP');
  await door.log.next(({ event }) => event === 'backend.leaving', 'b leaves');
  const later = keys.map(async (_, i) => await backendOf(door, `later-${i}`));
  assert.deepEqual(new Set(await Promise.all(later)), new Set(['a']));
  assert.deepEqual(await Promise.all(keys.map(async (key) => await backendOf(door, key))), before);
  await answersPing(socket);
  assert.match((await mooring('edges')).stdout, /^b +leaving /m);

  write(backendLine(a, b));
  assert.match((await mooring('reload')).stdout, /^applied$/m);
  const again = async (): Promise<boolean> =>
    (await Promise.all(keys.map(async (_, i) => await backendOf(door, `again-${i}`)))).includes('b');
  assert.ok(await again());
  await answersPing(socket);
});

test('a backend that is taken out and has no keys any more is gone', async (t) => {
  const [a, b] = [await startStaticBackend(t, 'a'), await startStaticBackend(t, 'b')];
  const { door, write, mooring } = await serve(t, backendLine(a, b));
  await until(async () => (await door.edges()).length === 2, 'both are there');
  write(backendLine(a));
  assert.match((await mooring('reload')).stdout, /^applied$/m);
  await door.log.next(({ event, edge }) => event === 'backend.left' && edge === 'b', 'b is gone');
  assert.deepEqual(
    (await door.edges()).map(({ id }) => id),
    ['a'],
  );
  write(backendLine(a, b));
  assert.match((await mooring('reload')).stdout, /^applied$/m);
  await until(
    async () => (await door.edges()).filter(({ state }) => state === 'ready').length === 2,
    'b is back',
  );
});

test('in direct mode SIGHUP to the supervisor reloads the front door, and its successors start with what it took up', async (t) => {
  const dataDir = makeDataDir(t);
  const path = join(dataDir, 'settings.env');
  writeFileSync(path, 'CT_SERVER_OWNER=First\n');
  const pool = await startPool(t, { dataDir, env: { CT_EDGES: '1', CT_SETTINGS_FILE: path } });
  const owner = async (): Promise<string> =>
    ((await (await fetch(`${pool.url}/api/meta`)).json()) as { owner: string }).owner;
  assert.equal(await owner(), 'First');
  const socket = new WebSocket(`${pool.url.replace('http', 'ws')}/y/k1/notes`);
  t.after(() => socket.terminate());
  await once(socket, 'open');

  writeFileSync(path, 'CT_SERVER_OWNER=Second\n');
  process.kill(pool.pid, 'SIGHUP');
  await eventually(async () => (await owner()) === 'Second', 'the owner has changed');
  await answersPing(socket);
  const front = await pool.childPid('front door');
  process.kill(front, 'SIGKILL');
  await eventually(async () => (await pool.childPid('front door')) !== front, 'another front door');
  await eventually(
    async () => (await owner().catch(() => '')) === 'Second',
    'it starts with the owner of now',
  );

  // What needs a restart is taken up by one.
  writeFileSync(path, 'CT_SERVER_OWNER=Second\nCT_RECONCILE_INTERVAL_MS=7000\n');
  const mooring = async (...args: string[]): Promise<RunResult> =>
    await runCommand(t, [...args, '--data-dir', dataDir]);
  assert.match(
    (await mooring('reload')).stderr,
    /restart-needed[\s\S]*CT_RECONCILE_INTERVAL_MS: 60000 -> 7000/,
  );
  assert.equal((await mooring('restart', '--front-door')).stderr, '');
  assert.match((await mooring('settings', 'CT_RECONCILE_INTERVAL_MS')).stdout, /file +no +7000$/m);
  await answersPing(socket);

  // What must be equal on all members would part the front door from its edges.
  writeFileSync(path, 'CT_TOKEN_LIFETIME_HOURS=5\n');
  const refused = await mooring('restart', '--front-door');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /restart-needed[\s\S]*CT_TOKEN_LIFETIME_HOURS: must be equal on all members/);
});
