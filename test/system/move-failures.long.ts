/** A move that fails as its new edge hangs, or is tried once more: the session is at one edge, and its members miss nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areBack, openScene } from '../support/failed-moves.ts';
import { eventually } from '../support/oct-inbox.ts';
import { checkTalk, moveElsewhere, moveTo, startTalk } from '../support/oct-moves.ts';

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
