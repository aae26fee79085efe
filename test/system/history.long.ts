/**
 * What a pool remembers of its use, with real clients: the same whichever front door is asked, each session and each line of the files
 * once however many front doors there are.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { WebSocket } from 'ws';
import { startEdgeOf } from '../support/edge-process.ts';
import { adminToken, isReady, makeDataDir, startFrontDoor } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { enterPoolGuest, enterPoolHost } from '../support/oct-moves.ts';
import { openPool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';
import { sharedSqlServer } from '../support/sql/sql-server.ts';
import { databaseSetting, openMember } from '../support/store-fleet.ts';

interface Summary {
  readonly uniqueUsers: number;
  readonly sessions: number;
  readonly ended: number;
  readonly peakConnections: number;
  readonly participants: { readonly maximum: number };
}

const vsCode = 'OCT_CODE_Visual_Studio Code@0.3.1';
/** A spreadsheet would reckon with it. */
const formula = '=cmd|calc';

function linesOf(folder: string, file: string): string[] {
  const path = join(folder, file);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

test('a pool of one machine tells how it is used, in its API, by the command, and in files', async (t) => {
  const folder = join(makeDataDir(t), 'logs');
  const { pool, close } = openPool({
    env: { CT_EDGES: '1', CT_LOG_DIR: folder, CT_TIME_ZONE: 'Asia/Tokyo' },
  });
  let isClosed = false;
  const end = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await close();
  };
  t.after(end);
  // Its log is in files, so it tells of itself by the admin API alone.
  await pool.waitUntilReady();
  const ann = await enterPoolHost(t, pool, { client: vsCode });
  await enterPoolGuest(t, pool, { key: ann.key, name: 'bob', client: formula });
  const ask = async <T>(path: string): Promise<T> =>
    await askAt(`http://127.0.0.1:${pool.ports['admin']}${path}`, pool.secret('admin'));
  await eventually(
    async () => (await ask<Summary>('/admin/history?days=2')).peakConnections >= 2,
    'the peak is told',
  );
  assert.equal((await pool.act('/admin/end', { key: ann.key })).status, 200);
  await eventually(async () => (await ask<Summary>('/admin/history')).ended === 1, 'its end is told');
  const { uniqueUsers, sessions, participants } = await ask<Summary>('/admin/history');
  assert.deepEqual([uniqueUsers, sessions, participants.maximum], [2, 1, 2]);
  assert.deepEqual(await ask('/admin/history/clients?days=1'), {
    timeZone: 'Asia/Tokyo',
    hosts: [{ client: 'Visual Studio Code', version: '0.3.1', count: 1 }],
    guests: [{ client: formula, version: '', count: 1 }],
  });
  const { days } = await ask<{ days: (Summary & { day: string })[] }>('/admin/history/days?days=30');
  assert.equal(days.length, 30);
  assert.equal(days.at(-1)!.day, new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10));
  assert.equal(days.at(-1)!.sessions, 1);
  const activity = await ask<{ entries: { event: string }[] }>('/admin/activity?limit=50');
  const events = activity.entries.map(({ event }) => event);
  assert.ok(events.includes('member.joined') && !events.includes('login.completed'), events.join(' '));
  const usage = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCommand(t, ['usage', ...args, '--data-dir', pool.dataDir]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  assert.match(await usage(), /unique users +2\n/);
  assert.match(await usage('clients', '--csv'), /"guest","'=cmd\|calc","",1\n/);
  assert.equal((JSON.parse(await usage('days', '--json', '--days', '3')) as { days: [] }).days.length, 3);
  const kept = ['journal.sqlite', 'journal.sqlite-wal'].map((file) =>
    readFileSync(join(pool.dataDir, file), 'latin1'),
  );
  assert.ok(!kept.join('').includes(ann.key), 'no key is kept');
  await end();
  const told = linesOf(folder, 'sessions.log').join('\n');
  assert.match(
    told,
    /event=member\.joined session=[0-9a-f]{16} edge=edge-1 participant=ann client="OCT_CODE_/,
  );
  assert.equal(told.split('event=session.created').length - 1, 1);
  assert.equal(told.split('event=session.ended').length - 1, 1);
  const [head, row, ...others] = linesOf(folder, 'session-metrics.csv');
  assert.match(head!, /^begun,ended,length_seconds,participants,host_client,/);
  assert.match(row!, /^"20[^"]*\+09:00","20[^"]*\+09:00",[\d.]+,2,"Visual Studio Code","0\.3\.1",/);
  assert.deepEqual(others, []);
  assert.match(
    linesOf(folder, 'usage.log').at(-1)!,
    /^20\S+\+09:00 users_online=\d+ users_in_sessions=\d+ sessions=\d+ /,
  );
  assert.ok(linesOf(folder, 'server.log').some((line) => line.includes('process.ready')));
});

async function askAt<T>(url: string, token: string): Promise<T> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(response.status, 200, url);
  return (await response.json()) as T;
}

test('two front doors on one database count each session once, answer alike, and write each line once between them', async (t) => {
  const server = await sharedSqlServer('mariadb');
  const database = databaseSetting(await server.createDatabase());
  const folders = [makeDataDir(t), makeDataDir(t)] as const;
  const start = async (folder: string): Promise<FrontDoor> =>
    await startFrontDoor(t, { settings: { ...database, CT_LOG_DIR: folder } });
  const doors = [await start(folders[0]), await start(folders[1])] as const;
  for (const id of ['edge-1', 'edge-2']) startEdgeOf(t, doors, id);
  for (const door of doors)
    await eventually(async () => (await door.edges()).filter(isReady).length === 2, 'the edges are ready');
  const keys = Array.from({ length: 6 }, (_, at) => `document-${at}`);
  const sockets = await Promise.all(
    keys.flatMap((key) => doors.map(async (door) => await openMember(t, door, key))),
  );
  const summary = async (door: FrontDoor): Promise<Summary> =>
    await askAt(`${door.adminUrl}/admin/history?days=2`, adminToken);
  await eventually(async () => (await summary(doors[0])).peakConnections === 12, 'the peak is told');
  await Promise.all(sockets.map(leave));
  for (const door of doors) {
    await eventually(async () => (await summary(door)).ended === keys.length, 'all have ended');
    const { sessions, participants, peakConnections } = await summary(door);
    assert.deepEqual([sessions, participants.maximum, peakConnections], [keys.length, 2, 12]);
  }
  const lines = (file: string): string[] => folders.flatMap((folder) => linesOf(folder, file));
  const told = (): number[] =>
    ['session.created', 'member.joined', 'member.left', 'session.ended'].map(
      (event) => lines('sessions.log').filter((line) => line.includes(`event=${event} `)).length,
    );
  const expected = [6, 12, 12, 6];
  await eventually(() => told().every((count, at) => count >= expected[at]!), 'the lines are written');
  const rows = (): string[] => lines('session-metrics.csv').filter((line) => !line.startsWith('begun,'));
  await eventually(() => rows().length >= keys.length, 'the rows are written');
  // What is in the files of a front door that has ended is all that it writes.
  for (const door of doors) await door.end();
  assert.deepEqual(told(), expected);
  assert.equal(rows().length, keys.length);
  assert.equal(new Set(rows()).size, keys.length);
});

async function leave(socket: WebSocket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('close', () => resolve());
  socket.close();
  await promise;
}
