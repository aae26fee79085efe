/** Whoever dies or hangs during a move: the session goes on at one edge, and its members miss nothing where one is left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areBack, openScene, outcomesOf } from '../support/failed-moves.ts';
import { eventually } from '../support/oct-inbox.ts';
import { checkTalk, moveTo, startTalk } from '../support/oct-moves.ts';

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
