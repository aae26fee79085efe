/**
 * The journal of a pool: who did what is found there once and in order, whichever process dies or is away meanwhile, and
 * no key or token stands in it or waits on the way to it.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { deriveFleetSecrets } from '#shared/fleet-secrets.ts';
import { internalHeaders } from '#shared/internal-headers.ts';
import { startEdge } from '../support/edge-process.ts';
import { adminToken, fleetSecret, isReady, makeDataDir, startFrontDoor } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { enterPoolGuest, enterPoolHost } from '../support/oct-moves.ts';
import { startPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';
import { databaseSettingsOf } from '../support/sql/database-settings.ts';
import { startSqlServer } from '../support/sql/sql-server.ts';

interface Entry {
  readonly id: number;
  readonly boot: string;
  readonly sequence: number;
  readonly event: string;
  readonly origin: string;
  readonly subject: string;
  readonly client: string;
  readonly detail: string;
}

function parse(stdout: string): Entry[] {
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Entry).toReversed();
}

void test('an administrator reads who came, left, was banned and logged in, by session, as lines, JSON and CSV', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '1' } });
  const audit = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCommand(t, ['audit', '--data-dir', pool.dataDir, ...args]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const ann = await enterPoolHost(t, pool);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: '=bob' });
  const { status } = await pool.act('/admin/remove', { key: ann.key, member: bob.self.id, isBanned: true });
  assert.equal(status, 200);
  const session = ['--session', ann.key];
  const told = async (): Promise<string[]> => await eventsOf(pool, `?session=${ann.key}`);
  // The edge and the front door tell each for itself, in their own time.
  const asked = ['member.banned =bob', `admin.acted ${bob.self.id}`];
  const last = ['member.left =bob', ...asked];
  await eventually(async () => {
    const lines = await told();
    return last.every((line) => lines.includes(line));
  }, 'all is told');
  const heard = (await told()).filter((line) => !asked.includes(line));
  assert.deepEqual(heard, [
    'session.created ',
    'member.joined ann',
    'member.joined =bob',
    'member.left =bob',
  ]);
  const all = parse(await audit('--json', '--since', '1h'));
  assert.deepEqual(
    all.filter(({ event }) => event === 'login.completed').map(({ subject }) => subject),
    ['ann', '=bob'],
  );
  assert.ok(all.some(({ event, subject }) => event === 'edge.joined' && subject === 'edge-1'));
  assert.match(await audit(), /member\.joined .*ann/);
  const csv = await audit('--csv', ...session);
  assert.match(csv, /^stored,at,event,key,subject/);
  assert.match(csv, /"'=bob"/, 'no table takes a name for a formula');
  const kept = [csv, JSON.stringify(all), ...filesWith(pool.dataDir, /^journal/)].join('\n');
  for (const secret of [ann.key, ann.roomToken, bob.roomToken, pool.secret('join')])
    assert.ok(!kept.includes(secret), 'no key or token is in it');
  // An edge that stops tells how much it was used in its last minute.
  await pool.act('/admin/stop', { edge: 'edge-1' });
  const samples = async (): Promise<number> =>
    ((await askPool(pool, '/admin/usage?edge=edge-1')) as { samples: unknown[] }).samples.length;
  await eventually(async () => (await samples()) > 0, 'the sample has come');
  const usage = await runCommand(t, ['usage', '--data-dir', pool.dataDir, '--edge', 'edge-1', '--csv']);
  assert.match(usage.stdout, /^stored,at,origin,users,sessions,.*\n"20.*","edge-1","\d+"/);
  const isTaken = async (): Promise<boolean> => (await told()).includes('session.taken-over ');
  await eventually(isTaken, 'its next life went on with the session');
  const { code, stderr } = await runCommand(t, ['audit', '--data-dir', pool.dataDir, '--since', 'soon']);
  assert.deepEqual([code, /--since must be/.test(stderr)], [1, true]);
});

void test('an administrator reads what became of edges and of the sessions on them', async (t) => {
  const pool = await startPool(t, {
    env: { CT_EDGES: '2', CT_LOGIN: 'apikey', CT_API_KEY: 'a key for tests only' },
  });
  const socket = await openMember(`${pool.url.replace('http', 'ws')}/y/moved/notes`, {});
  t.after(() => socket.terminate());
  const { edge } = await pool.where('moved');
  const other = edge === 'edge-1' ? 'edge-2' : 'edge-1';
  const act = async (path: string, body: object): Promise<void> => {
    const { status, answer } = await pool.act(path, body);
    assert.equal(status, 200, JSON.stringify(answer));
  };
  await act('/admin/move', { key: 'moved', edge: other });
  await act('/admin/drain', { edge, deadlineSeconds: 60 });
  await eventually(
    async () => (await pool.edges()).some(({ state }) => state === 'draining'),
    'it is drained',
  );
  await act('/admin/undrain', { edge });
  const { pollToken } = (await (await fetch(`${pool.url}/api/login/initial`, { method: 'POST' })).json()) as {
    pollToken: string;
  };
  const form = JSON.stringify({ token: pollToken, apiKey: 'wrong', user: 'eve' });
  assert.ok((await fetch(`${pool.url}/api/login/apikey`, { method: 'POST', body: form })).status >= 400);
  process.kill(await pool.childPid(other), 'SIGKILL');
  const expected = [
    `session.moved ${edge}`,
    `edge.drained ${edge}`,
    `edge.undrained ${edge}`,
    `edge.lost ${other}`,
    'login.refused ',
  ];
  const told = async (): Promise<string[]> => await eventsOf(pool, '');
  await eventually(
    async () => {
      const lines = await told();
      return expected.every((line) => lines.includes(line));
    },
    `all of it is told: ${expected.join(', ')}`,
  );
});

async function askPool(pool: Pool, path: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${pool.secret('admin')}` };
  const response = await fetch(`http://127.0.0.1:${pool.ports['admin']}${path}`, { headers });
  assert.equal(response.status, 200);
  return await response.json();
}

/** Each with its subject, in the order in which they came. */
async function eventsOf(pool: Pool, query: string): Promise<string[]> {
  const { entries } = (await askPool(pool, `/admin/audit${query}`)) as { entries: Entry[] };
  return entries.map(({ event, subject }) => `${event} ${subject}`).toReversed();
}

function filesWith(folder: string, name: RegExp): string[] {
  return readdirSync(folder)
    .filter((file) => name.test(file))
    .map((file) => readFileSync(join(folder, file), 'latin1'));
}

/** An edge of a process of its own, asked as a front door asks it: it serves also while none is there. */
interface Scene {
  readonly door: FrontDoor;
  readonly edgeDir: string;
  readonly edgePid: number;
  readonly enter: () => Promise<WebSocket>;
  /** Members come, and leave again. */
  readonly comeAndGo: (members: number) => Promise<void>;
}

const key = 'kept-in-the-journal';

async function openScene(t: TestContext, settings: Record<string, string> = {}): Promise<Scene> {
  const door = await startFrontDoor(t, { settings });
  const edgeDir = makeDataDir(t);
  const locators = [`ws://127.0.0.1:${door.controlPort}`];
  const edgePid = startEdge(t, {
    id: 'edge-1',
    locators,
    dataDir: edgeDir,
    settings: { CT_LOCATOR_LOCAL: 'yes', ...settings },
    mayBeKilled: true,
  });
  await eventually(async () => (await door.edges()).some(isReady), 'the edge is ready');
  await openMember(`ws://${door.host}/y/${key}/notes`, {}).then(async (socket) => await leave(socket));
  const { address, epoch, incarnation } = (await askAdmin(door, `/admin/where?key=${key}`)) as {
    readonly address: string;
    readonly epoch: number;
    readonly incarnation: number;
  };
  const headers = {
    [internalHeaders.pass]: deriveFleetSecrets(fleetSecret).pass,
    [internalHeaders.key]: key,
    [internalHeaders.epoch]: String(epoch),
    [internalHeaders.owner]: `edge-1:${incarnation}`,
    [internalHeaders.exchange]: 'test',
  };
  const enter = async (): Promise<WebSocket> =>
    await openMember(`${address.replace('http', 'ws')}/y/${key}/notes`, headers);
  const comeAndGo = async (members: number): Promise<void> => {
    for (let i = 0; i < members; i++) await leave(await enter());
  };
  return { door, edgeDir, edgePid, enter, comeAndGo };
}

async function openMember(url: string, headers: Record<string, string>): Promise<WebSocket> {
  const socket = new WebSocket(url, { headers });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('open', () => resolve());
  socket.once('error', reject);
  await promise;
  return socket;
}

async function leave(socket: WebSocket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('close', () => resolve());
  socket.close();
  await promise;
}

async function askAdmin(door: FrontDoor, path: string): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${adminToken}` };
  const response = await fetch(`${door.adminUrl}${path}`, { headers });
  return (await response.json()) as Record<string, unknown>;
}

/** What the edge told of members, in the order in which it came. */
async function membersTold(door: FrontDoor): Promise<Entry[]> {
  const { entries } = (await askAdmin(door, `/admin/audit?limit=1000&session=${key}`)) as {
    entries: Entry[];
  };
  return entries.toReversed().filter(({ event }) => event.startsWith('member.'));
}

/** Each record once, in the order of its boot, and as many arrivals as departures. */
async function checkTold(door: FrontDoor, members: number): Promise<void> {
  const told = await membersTold(door);
  assert.equal(told.filter(({ event }) => event === 'member.joined').length, members);
  assert.equal(told.filter(({ event }) => event === 'member.left').length, members);
  const ids = told.map(({ boot, sequence }) => `${boot} ${sequence}`);
  assert.equal(new Set(ids).size, ids.length, 'each once');
  for (const records of Map.groupBy(told, ({ boot }) => boot).values()) {
    const sequences = records.map(({ sequence }) => sequence);
    assert.deepEqual(
      sequences,
      sequences.toSorted((a, b) => a - b),
      'in order',
    );
  }
}

/** Members in the files in which records wait. */
function spooled(folder: string): number {
  return (
    filesWith(folder, /\.spool$/)
      .join('')
      .split('"member.').length - 1
  );
}

void test('what an edge has to tell while no front door is there comes once and in order afterwards, also past a kill -9 of the edge', async (t) => {
  const scene = await openScene(t);
  const { dataDir, controlPort } = scene.door;
  await eventually(async () => (await membersTold(scene.door)).length === 2, 'the first one is told');
  await scene.door.end();
  await scene.comeAndGo(20);
  await eventually(() => spooled(scene.edgeDir) >= 40, 'all of it waits in the data folder');
  process.kill(scene.edgePid, 'SIGKILL');
  const settings = { CT_CONTROL_PORT: String(controlPort) };
  const door = await startFrontDoor(t, { dataDir, settings });
  startEdge(t, { id: 'edge-1', locators: [`ws://127.0.0.1:${controlPort}`], dataDir: scene.edgeDir });
  await eventually(async () => (await membersTold(door)).length >= 42, 'everything has arrived');
  await checkTold(door, 21);
  await eventually(() => spooled(scene.edgeDir) === 0, 'nothing waits any more');
});

void test('what is to be told while the store is down comes once and in order afterwards', async (t) => {
  const server = await startSqlServer(t, 'mariadb');
  const { tls: _tls, ...database } = databaseSettingsOf(await server.createDatabase());
  const scene = await openScene(t, { CT_LOCATOR_CONFIG: JSON.stringify({ database }) });
  await eventually(async () => (await membersTold(scene.door)).length === 2, 'the first one is told');
  // Somebody who is here already: nobody comes in while the documents' store is down.
  const present = await scene.enter();
  await server.kill();
  await scene.comeAndGo(20);
  await leave(present);
  await eventually(() => spooled(scene.edgeDir) >= 41, 'it waits in the data folder');
  await server.start();
  await eventually(async () => (await membersTold(scene.door)).length >= 44, 'everything has arrived');
  await checkTold(scene.door, 22);
  const isCounted = async (): Promise<boolean> => {
    const { entries } = (await askAdmin(scene.door, '/admin/audit?limit=1000')) as { entries: Entry[] };
    const { sessions, ended } = await askAdmin(scene.door, '/admin/history?days=2');
    const [begun, over] = ['session.created', 'session.ended'].map(
      (name) => entries.filter(({ event }) => event === name).length,
    );
    return begun! > 0 && begun === over && begun === sessions && over === ended;
  };
  await eventually(isCounted, 'the history counts what it tells');
});
