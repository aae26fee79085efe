/** Whoever dies or hangs during a move: the session goes on at one edge, and its members miss nothing where one is left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { OctMember } from '../support/oct-client.ts';
import { eventually } from '../support/oct-inbox.ts';
import {
  checkTalk,
  enterPoolGuest,
  enterPoolHost,
  moveElsewhere,
  moveTo,
  startTalk,
} from '../support/oct-moves.ts';
import { startPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';

interface Scene {
  readonly pool: Pool;
  readonly members: readonly OctMember[];
  readonly key: string;
  readonly from: string;
  readonly to: string;
}

/** A session of two in a pool of its own, and an edge that it might move to. */
async function openScene(t: TestContext): Promise<Scene> {
  const pool = await startPool(t);
  const ann = await enterPoolHost(t, pool);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
  const from = await pool.edgeOf(ann.key);
  const to = (await pool.edges()).find(({ id }) => id !== from)!.id;
  return { pool, members: [ann, bob], key: ann.key, from, to };
}

async function areBack(members: readonly OctMember[]): Promise<void> {
  await eventually(() => members.every(({ socket }) => socket!.connected), 'all are back');
}

function outcomesOf(pool: Pool): unknown[] {
  return pool.lines.filter(({ event }) => event === 'move.failed').map((line) => line['outcome']);
}

test('the new edge dies: the session goes back to its old one, and nothing is lost', async (t) => {
  const { pool, members, key, from, to } = await openScene(t);
  const endTalk = startTalk(t, members, 10);
  const pid = await pool.childPid(to);
  // Before the front door can have noticed: it is ready in its eyes.
  process.kill(pid, 'SIGKILL');
  const { status, answer } = await moveTo(pool, key, to);
  assert.equal(status, 503, JSON.stringify(answer));
  await areBack(members);
  assert.equal(await pool.edgeOf(key), from);
  checkTalk(t, await endTalk(), 'a move that went back');
  await eventually(() => outcomesOf(pool).length > 0, 'the failure is logged');
  assert.deepEqual(outcomesOf(pool), ['rolled-back']);
});

test('the new edge hangs: the session is back within the time that newcomers wait, and nothing is lost', async (t) => {
  const { pool, members, key, from, to } = await openScene(t);
  const endTalk = startTalk(t, members, 10);
  const pid = await pool.childPid(to);
  process.kill(pid, 'SIGSTOP');
  try {
    assert.equal((await moveTo(pool, key, to)).answer['code'], 'move-failed');
    await areBack(members);
    assert.equal(await pool.edgeOf(key), from);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  checkTalk(t, await endTalk(), 'a move that went back');
});

test('the old edge hangs: the session goes on elsewhere with the same members', async (t) => {
  const { pool, members, key, from, to } = await openScene(t);
  const ids = members.map(({ self }) => self.id);
  const pid = await pool.childPid(from);
  process.kill(pid, 'SIGSTOP');
  try {
    assert.equal((await moveTo(pool, key, to)).answer['code'], 'move-failed');
    await areBack(members);
    assert.notEqual(await pool.edgeOf(key), from);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  assert.deepEqual(
    members.map(({ self }) => self.id),
    ids,
  );
  await eventually(
    () => pool.lines.some(({ event, edge }) => event === 'lease.lapsed' && edge === from),
    'the old edge has noticed that it is over',
  );
});

test('the front door dies in the middle: the old edge gets its session back, and nothing is lost', async (t) => {
  const { pool, members, key, from, to } = await openScene(t);
  const endTalk = startTalk(t, members, 10);
  const pid = await pool.childPid(to);
  process.kill(pid, 'SIGSTOP');
  try {
    const moving = moveTo(pool, key, to).catch(() => undefined);
    await eventually(
      () => pool.lines.some(({ event, edge }) => event === 'session.released' && edge === from),
      'the old edge has let go',
    );
    process.kill(await pool.childPid('front door'), 'SIGKILL');
    await moving;
    await areBack(members);
    assert.equal(await pool.edgeOf(key), from);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  checkTalk(t, await endTalk(), 'a move whose front door died');
});

test('a session that went back moves at the next try', async (t) => {
  const { pool, members, key, from, to } = await openScene(t);
  const endTalk = startTalk(t, members, 10);
  process.kill(await pool.childPid(to), 'SIGKILL');
  await moveTo(pool, key, to);
  await eventually(async () => {
    const edge = (await pool.edges()).find(({ id }) => id === to);
    return edge?.state === 'ready' && edge.incarnation === 2;
  }, 'the edge is back');
  assert.equal((await moveTo(pool, key, to)).status, 200);
  await areBack(members);
  assert.equal(await pool.edgeOf(key), to);
  assert.notEqual(await moveElsewhere(pool, key), to);
  await areBack(members);
  checkTalk(t, await endTalk(), `back to ${from}, to ${to}, and on`);
});
