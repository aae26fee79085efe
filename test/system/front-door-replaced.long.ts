/** A front door that is replaced while it, or its successor, hangs or dies: another one serves all the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childrenOf, opens, rests } from '../support/child-processes.ts';
import { serves } from '../support/next-front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { startPool } from '../support/pool.ts';

/** A process that hangs is ended after 10 s, however busy the machine. */
const hangMaxMs = 60_000;

test('a front door that hangs while it is replaced is ended, and another one serves', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '1' } });
  const old = await pool.childPid('front door');
  assert.equal((await pool.act('/admin/replace', {})).status, 200);
  process.kill(old, 'SIGSTOP');
  // Its successor; or the one after that, where it stopped with the lock of a store in its hands.
  const isEnded = (): boolean =>
    pool.lines.some(
      ({ event, childPid }) => (event === 'child.retired' && childPid === old) || event === 'child.exited',
    );
  await eventually(isEnded, 'it is ended', hangMaxMs);
  await serves(pool, old);
});

test('where a successor dies that waits for its turn, another one serves', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '1' } });
  const old = await pool.childPid('front door');
  const before = childrenOf(pool.pid);
  assert.equal((await pool.act('/admin/replace', {})).status, 200);
  // So it waits for as long as it takes that this one is ended.
  process.kill(old, 'SIGSTOP');
  let successor: number | undefined;
  await eventually(() => {
    successor = childrenOf(pool.pid).find(
      (pid) => !before.includes(pid) && opens(pid, (path) => path.endsWith('directory.sqlite')),
    );
    return successor !== undefined;
  }, 'a successor prepares itself');
  await rests(successor!);
  process.kill(successor!, 'SIGKILL');
  await eventually(
    () =>
      pool.lines.filter(({ event, child }) => event === 'child.started' && child === 'front door').length > 1,
    'another one serves',
    hangMaxMs,
  );
  await serves(pool, old);
  assert.notEqual(await pool.childPid('front door'), successor);
});
