/** A licence limits who gets in, over all sessions, edges and front doors, and puts nobody out. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import { Doc } from 'yjs';
import { startEdgeOf } from '../support/edge-process.ts';
import { isReady, makeDataDir, startFrontDoor } from '../support/front-door.ts';
import { LicenceMaker, dayFromNow } from '../support/licences.ts';
import { hostSession, joinSession, logIn } from '../support/oct-client.ts';
import { eventually } from '../support/oct-inbox.ts';
import { connectRaw } from '../support/oct-raw.ts';
import { startPool } from '../support/pool.ts';
import type { LogLine, Pool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';

const maker = new LicenceMaker();

interface Licence {
  readonly connections: number;
  readonly isExpired: boolean;
}

async function look(pool: Pool): Promise<Licence> {
  return (await pool.look('/admin/licence')).answer as unknown as Licence;
}

async function logged(pool: Pool, isIt: (line: LogLine) => boolean): Promise<void> {
  await eventually(() => pool.lines.some(isIt), 'it is logged');
}

/** Of a member of y-websocket: `in` while it is, else the code and reason of its end. */
class Knocker {
  readonly socket: WebSocket;
  readonly key: string;
  verdict = '';

  constructor(t: TestContext, pool: { readonly url: string }, key: string) {
    this.key = key;
    this.socket = new WebSocket(`${pool.url.replace('http', 'ws')}/y/${key}/notes`, {
      headers: { ctstickiness: key },
    });
    // The edge says something to whoever is in.
    this.socket.once('message', () => (this.verdict = 'in'));
    this.socket.once('close', (code, reason) => (this.verdict = `${code} ${reason.toString('utf8')}`));
    this.socket.on('error', () => undefined);
    t.after(() => this.socket.terminate());
  }

  async settled(): Promise<string> {
    await eventually(() => this.verdict !== '', 'it is in or out');
    return this.verdict;
  }
}

function textOf(doc: Doc): string {
  return doc.getText('text').toJSON();
}

async function openDocument(t: TestContext, pool: Pool, key: string): Promise<Doc> {
  const doc = new Doc();
  const provider = new WebsocketProvider(`${pool.url.replace('http', 'ws')}/y/${key}`, 'notes', doc, {
    disableBc: true,
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    params: { ctstickiness: key },
    maxBackoffTime: 500,
  });
  t.after(() => {
    provider.destroy();
    doc.destroy();
  });
  await eventually(() => provider.synced, 'it is in');
  return doc;
}

test('two front doors that are asked at once let in as many as the licence says; who comes back is let in', async (t) => {
  const connections = 12;
  const env = { CT_PROXY_WORKERS: '2', CT_EDGES: '3', ...maker.issue({ connections }) };
  const pool = await startPool(t, { env });
  await logged(pool, ({ message }) => String(message).startsWith('Valid Mooring licence installed: Example'));
  const crowd = Array.from({ length: 40 }, (_, at) => new Knocker(t, pool, `key-${at % 10}`));
  const verdicts = await Promise.all(crowd.map(async (one) => await one.settled()));
  const inside = crowd.filter(({ verdict }) => verdict === 'in');
  assert.equal(inside.length, connections);
  const refused = verdicts.filter((verdict) => verdict !== 'in');
  assert.deepEqual([...new Set(refused)], ['1013 licence-full']);
  await eventually(async () => (await look(pool)).connections === connections, 'the ledger has them all');
  await logged(pool, ({ event }) => event === 'licence.nearly-full');
  const told = async (kind: string): Promise<number> => {
    const { answer } = await pool.look('/admin/audit?limit=1000');
    const { entries } = answer as unknown as { readonly entries: readonly { readonly event: string }[] };
    return entries.filter(({ event }) => event === kind).length;
  };
  await eventually(async () => (await told('member.joined')) >= connections, 'the journal has who is in');
  assert.equal(await told('member.joined'), connections, 'and nobody who was refused');
  const sessions = new Set(inside.map(({ key }) => key));
  assert.equal(await told('session.created'), sessions.size, 'no session begins for somebody who is refused');
  const guest = await logIn(pool.url, 'gina');
  await assert.rejects(
    hostSession({ url: pool.url, loginToken: guest }),
    /licence of this server allows no more/,
  );

  // Its connection breaks: the next one of its session has its seat.
  const [lost, leaver] = inside as [Knocker, Knocker];
  const { key } = lost;
  lost.socket.terminate();
  await eventually(() => lost.verdict !== 'in', 'its connection has ended');
  assert.equal(await new Knocker(t, pool, key).settled(), 'in');

  // Who says goodbye makes room for whoever comes.
  leaver.socket.close();
  await eventually(async () => (await look(pool)).connections === connections - 1, 'a seat is free');
  const host = await hostSession({ url: pool.url, loginToken: guest });
  t.after(() => host.dispose());
});

test('an Open Collaboration session keeps its members while an edge dies, and gets a new one when somebody has left', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '2', ...maker.issue({ connections: 3 }) } });
  const [hostToken, ...tokens] = await Promise.all(
    ['hanna', 'gina', 'gert', 'gabi'].map(async (name) => await logIn(pool.url, name)),
  );
  const host = await hostSession({ url: pool.url, loginToken: hostToken! });
  t.after(() => host.dispose());
  const enter = async (at: number): Promise<Awaited<ReturnType<typeof joinSession>>> => {
    const member = await joinSession({ url: pool.url, loginToken: tokens[at]! }, host.key);
    t.after(() => member.dispose());
    return member;
  };
  const guests = [await enter(0), await enter(1)];
  await assert.rejects(enter(2), /licence of this server allows no more/);
  const { edge } = await pool.where(host.key);
  process.kill(await pool.childPid(edge), 'SIGKILL');
  for (const member of [host, ...guests])
    await member.events.next(({ kind }) => kind === 'reconnected', 'it is back');
  await eventually(async () => (await look(pool)).connections === 3, 'the next edge has their seats');
  await assert.rejects(enter(2), /licence of this server allows no more/);
  await guests[0]!.connection.room.leave();
  await eventually(async () => (await look(pool)).connections === 2, 'a seat is free');
  await enter(2);
  // The token of who has left is good for a day; it takes a seat all the same.
  const token = guests[0]!.roomToken;
  const refused = connectRaw(t, pool, { token });
  await refused.events.next(
    (event) => event.kind === 'refused' && /licence of this server/.test(event.message),
    'it is told why',
  );
  await guests[1]!.connection.room.leave();
  await eventually(async () => (await look(pool)).connections === 2, 'a seat is free again');
  const back = connectRaw(t, pool, { token });
  await back.events.next(({ kind }) => kind === 'connected', 'it is in');
  await eventually(async () => (await look(pool)).connections === 3, 'it has the seat');
});

test('at its end a licence lets nobody in and puts nobody out, and a reload renews it', async (t) => {
  const dataDir = makeDataDir(t);
  const file = join(dataDir, 'codetogether.config');
  writeFileSync(file, maker.issueLines({ connections: 10, expiration: dayFromNow(-1) }));
  const settings = { CT_EDGES: '2', CT_LICENSE_FILE: file, CT_LICENSE_PUBLIC_KEY: maker.publicKey };
  const pool = await startPool(t, { dataDir, env: settings });
  await logged(pool, ({ event, level }) => event === 'licence.expired' && level === 'error');
  assert.equal(await new Knocker(t, pool, 'key-1').settled(), '4403 licence-expired');
  const token = await logIn(pool.url, 'hanna');
  await assert.rejects(
    hostSession({ url: pool.url, loginToken: token }),
    /licence of this server has expired/,
  );

  writeFileSync(file, maker.issueLines({ connections: 10, expiration: dayFromNow(5) }));
  await runCommand(t, ['reload', '--data-dir', dataDir]);
  await eventually(async () => !(await look(pool)).isExpired, 'it is renewed');
  await logged(pool, ({ event, daysLeft }) => event === 'licence.expiring' && daysLeft === 5);
  // What they write is kept, so that the next edge knows the session for one that runs.
  const member = await openDocument(t, pool, 'key-2');
  member.getText('text').insert(0, 'hello');
  const other = await openDocument(t, pool, 'key-2');
  await eventually(() => textOf(other) === 'hello', 'it is kept');

  writeFileSync(file, maker.issueLines({ connections: 10, expiration: dayFromNow(-1) }));
  await runCommand(t, ['reload', '--data-dir', dataDir]);
  assert.equal(await new Knocker(t, pool, 'key-2').settled(), '4403 licence-expired');
  // Its session goes on at another edge, where they are members and no newcomers.
  const { edge } = await pool.where('key-2');
  process.kill(await pool.childPid(edge), 'SIGKILL');
  await eventually(async () => (await pool.where('key-2')).edge !== edge, 'the session goes on elsewhere');
  member.getText('text').insert(0, 'Say ');
  await eventually(() => textOf(other) === 'Say hello', 'both are back');
});

test('a licence that somebody has changed stops the start, in one line that says so', async (t) => {
  const licence = { ...maker.issue({ connections: 10 }), CT_MAXCONNECTIONS: '1000' };
  for (const role of ['direct', 'proxy']) {
    const dataDir = makeDataDir(t);
    const secrets = { CT_JOIN_TOKEN: 'x'.repeat(32), CT_SESSION_SECRET: 'y'.repeat(32) };
    const env = { ...licence, ...secrets, CT_DATA_DIR: dataDir };
    const { code, stderr, stdout } = await runCommand(
      t,
      [role, '--http-port', '0', '--admin-port', '0'],
      env,
    );
    assert.equal(code, 1);
    assert.match(stderr, /^mooring: CT_SIGNATURE is not that of this licence: [^\n]*\n$/);
    assert.doesNotMatch(stdout, /"level":"error"/);
  }
  const bound = { ...maker.issue({ connections: 1, serverUrl: 'https://a.example' }) };
  const check = async (url: string): Promise<number | null> =>
    (await runCommand(t, ['licence', 'check'], { ...bound, CT_SERVER_URL: url })).code;
  assert.deepEqual([await check('https://a.example:443'), await check('https://b.example')], [0, 1]);
});

test('a private key never stands without its public one, nor beside one of another', async (t) => {
  for (const taken of ['key.pem', 'key.pem.pub']) {
    const folder = makeDataDir(t);
    writeFileSync(join(folder, taken), 'another one');
    const { code, stderr } = await runCommand(t, ['licence', 'keygen', join(folder, 'key.pem')]);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`${taken}: is there already`));
    assert.deepEqual(
      ['key.pem', 'key.pem.pub'].filter((name) => existsSync(join(folder, name))),
      [taken],
    );
  }
});

test('two front doors and two edges that are started one by one hold to one limit', async (t) => {
  const dataDir = makeDataDir(t);
  const settings = maker.issue({ connections: 5 });
  const doors = await Promise.all([0, 1].map(async () => await startFrontDoor(t, { dataDir, settings })));
  for (const id of ['edge-1', 'edge-2']) startEdgeOf(t, doors, id);
  for (const door of doors)
    await eventually(async () => (await door.edges()).filter(isReady).length === 2, 'the edges are ready');
  const places = doors.map(({ port }) => ({ url: `http://127.0.0.1:${port}` }));
  const crowd = Array.from({ length: 16 }, (_, at) => new Knocker(t, places[at % 2]!, `key-${at}`));
  const verdicts = await Promise.all(crowd.map(async (one) => await one.settled()));
  assert.equal(verdicts.filter((verdict) => verdict === 'in').length, 5);
});
