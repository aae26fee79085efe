/**
 * Sessions of unmodified clients outlive their edges: who belongs to them, as what, who is banned, who waits, and that
 * they are over is the same after a kill -9 of one edge or of all.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { decodeJwt } from 'jose';
import { join } from 'node:path';
import { errorTable } from '#shared/errors.ts';
import { joinSession, logIn } from '../support/oct-client.ts';
import type { OctMember } from '../support/oct-client.ts';
import { eventually } from '../support/oct-inbox.ts';
import { enterPoolGuest, enterPoolHost } from '../support/oct-moves.ts';
import { hears } from '../support/oct-session.ts';
import { openPool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';

// Two: one that dies, and one that goes on.
const { pool, close } = openPool({ env: { CT_EDGES: '2' } });
before(async () => await pool.waitUntilReady());
after(close);
beforeEach(async () => {
  const isReady = async (): Promise<boolean> => (await pool.status()).ready === 2;
  await eventually(isReady, 'the edges that were killed are there again');
});

async function kill(...edges: readonly string[]): Promise<void> {
  const pids = await Promise.all(edges.map(async (edge) => await pool.childPid(edge)));
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

/** Every edge, all at once; they are started again. */
async function killAll(): Promise<void> {
  await kill(...(await pool.edges()).map(({ id }) => id));
}

async function areBack(members: readonly OctMember[], known: readonly number[]): Promise<void> {
  for (const [i, member] of members.entries())
    await member.events.after(known[i]!, (event) => event.kind === 'identity', 'the introduction');
}

function counts(members: readonly OctMember[]): number[] {
  return members.map(({ events }) => events.items.length);
}

function clockOf({ roomToken }: OctMember): number {
  return Number(decodeJwt(roomToken)['roomClock']);
}

/** Tries again with the member's token, and learns that there is no way back. */
async function isKeptOut(member: OctMember, code: 'member-banned' | 'session-ended'): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<Error>();
  member.socket!.on('connect_error', (error) => {
    // While its edge is away a client hears of that instead.
    if (error.message === errorTable[code].message) resolve(error);
  });
  member.socket!.connect();
  await promise;
  assert.equal(member.socket!.active, false, 'its client does not try again');
}

async function ban(t: TestContext, key: string, member: OctMember): Promise<void> {
  const { stderr } = await runCommand(t, [
    'remove',
    '--ban',
    '--data-dir',
    pool.dataDir,
    // What follows may begin with a hyphen.
    '--',
    key,
    member.self.id,
  ]);
  assert.equal(stderr, '');
  await member.events.next((event) => event.kind === 'closed', 'the word to the banned member');
}

for (const howMany of ['the edge of a session', 'all edges']) {
  test(`kill -9 of ${howMany}: everybody is who they were, and who is banned stays out`, async (t) => {
    const ann = await enterPoolHost(t, pool, { readers: ['rea'] });
    const { key } = ann;
    const bob = await enterPoolGuest(t, pool, { key, name: 'bob' });
    const rea = await enterPoolGuest(t, pool, { key, name: 'rea' });
    const loginToken = await logIn(pool.url, 'eve');
    const eve = await joinSession({ url: pool.url, loginToken }, key);
    t.after(() => eve.dispose());
    await ban(t, key, eve);
    const members = [ann, bob, rea];
    const known = counts(members);
    const edge = await pool.edgeOf(key);
    await (howMany === 'all edges' ? killAll() : kill(edge));
    await areBack(members, known);
    for (const [i, { events, self, socket }] of members.entries()) {
      const [again] = events.items.slice(known[i]).filter((event) => event.kind === 'identity');
      assert.deepEqual(again?.peer, self, 'as the same peer');
      assert.equal(socket!.recovered, false, 'with a declared gap');
    }
    for (const [guest, i, readonly] of [
      [bob, 1, false],
      [rea, 2, true],
    ] as const) {
      const init = await guest.events.after(known[i]!, (event) => event.kind === 'init', 'a greeting');
      assert.equal(init.kind === 'init' && init.readonly, readonly, 'in the same role');
    }
    await rea.connection.chat.sendMessage('still here');
    await hears(ann, rea, 'still here');
    await isKeptOut(eve, 'member-banned');
    await assert.rejects(joinSession({ url: pool.url, loginToken }, key), /banned/i);
    const cid = await enterPoolGuest(t, pool, { key, name: 'cid' });
    const clocks = [ann, bob, rea, eve].map(clockOf);
    assert.ok(
      clockOf(cid) > Math.max(...clocks),
      `the clock goes on: ${clocks.join()}, then ${clockOf(cid)}`,
    );
    assert.equal(new Set([...members, cid].map(({ self }) => self.id)).size, 4);
  });
}

test('a session that has ended is over after a kill -9 of every edge', async (t) => {
  const ann = await enterPoolHost(t, pool);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
  await ann.connection.room.leave();
  await bob.events.next((event) => event.kind === 'closed', 'the end');
  await killAll();
  for (const member of [bob, ann]) await isKeptOut(member, 'session-ended');
});

test('a guest who waits for the host when the edge dies is let in by the next one', async (t) => {
  const asked = Promise.withResolvers<void>();
  const decided = Promise.withResolvers<boolean>();
  const approves = async (): Promise<boolean> => {
    asked.resolve();
    return await decided.promise;
  };
  const ann = await enterPoolHost(t, pool, { approves });
  const known = counts([ann]);
  const joining = enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
  await asked.promise;
  await kill(await pool.edgeOf(ann.key));
  await areBack([ann], known);
  decided.resolve(true);
  const bob = await joining;
  assert.equal(bob.self.host, false);
});

test('a request that waits when the edge dies fails as soon as its asker is back', async (t) => {
  const ann = await enterPoolHost(t, pool);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
  const asked = Promise.withResolvers<void>();
  ann.connection.fs.onReadFile(async () => {
    asked.resolve();
    return await Promise.withResolvers<never>().promise;
  });
  const reading = bob.connection.fs.readFile(ann.self.id, 'src/a.ts');
  const failure = assert.rejects(reading, /not answered/);
  await asked.promise;
  const stored = new Database(join(pool.dataDir, 'rosters.sqlite'), { readonly: true });
  t.after(() => stored.close());
  const requests = stored.prepare('SELECT count(*) FROM roster_requests WHERE key = ?').pluck();
  await eventually(() => requests.get(ann.key) === 1, 'the request is noted');
  const known = counts([bob]);
  await kill(await pool.edgeOf(ann.key));
  await areBack([bob], known);
  // The client would wait for 60 s, which is longer than this test may run.
  await failure;
});

test('an edge that was frozen while its session went on elsewhere writes nothing, and its sockets are closed', async (t) => {
  const ann = await enterPoolHost(t, pool);
  const { key } = ann;
  const bob = await enterPoolGuest(t, pool, { key, name: 'bob' });
  const edge = await pool.edgeOf(key);
  const { incarnation } = (await pool.edges()).find(({ id }) => id === edge)!;
  const pid = await pool.childPid(edge);
  const stored = new Database(join(pool.dataDir, 'rosters.sqlite'), { readonly: true });
  t.after(() => stored.close());
  const epoch = stored.prepare('SELECT epoch FROM roster WHERE key = ?').pluck();
  const before = Number(epoch.get(key));
  const known = counts([ann, bob]);
  process.kill(pid, 'SIGSTOP');
  try {
    // Reaches the frozen edge's socket, and is there for it to read when it thaws.
    await bob.connection.room.leave();
    await areBack([ann], known);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  const taken = Number(epoch.get(key));
  assert.ok(taken > before, 'the next edge has claimed the session');
  await eventually(async () => {
    const view = (await pool.edges()).find(({ id }) => id === edge);
    return view !== undefined && view.incarnation > incarnation && view.load?.members === 0;
  }, 'the thawed edge has nobody');
  assert.equal(Number(epoch.get(key)), taken, 'the session is still the next edge’s');
  const cid = await enterPoolGuest(t, pool, { key, name: 'cid' });
  await cid.connection.chat.sendMessage('hello');
  await hears(ann, cid, 'hello');
});
