/** A front door that is away for longer than a lease: nobody could renew, so no edge and no session pays for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timing } from '#shared/timing.ts';
import { eventually } from '../support/oct-inbox.ts';
import { checkTalk, enterPoolGuest, enterPoolHost, startTalk } from '../support/oct-moves.ts';
import { startPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';

const awayMs = timing.leaseMs + timing.unattendedAfterMs;

async function passed(ms: number): Promise<void> {
  const endsAt = performance.now() + ms;
  await eventually(() => performance.now() >= endsAt, 'the time is over');
}

function lapses(pool: Pool): number {
  return pool.lines.filter(({ event }) => event === 'lease.lapsed').length;
}

async function incarnations(pool: Pool): Promise<number[]> {
  await eventually(
    async () => (await pool.edges()).filter(({ state }) => state === 'ready').length === 3,
    'all edges are ready',
  );
  return (await pool.edges()).map(({ incarnation }) => incarnation);
}

test('while its front door is down an edge keeps its sessions, and members come back to all that they missed', async (t) => {
  // With hand-off they would not even notice.
  const pool = await startPool(t, { env: { CT_HANDOFF: 'off' } });
  const ann = await enterPoolHost(t, pool);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
  const edge = await pool.edgeOf(ann.key);
  const ids = [ann.self.id, bob.self.id];
  const frontDoor = await pool.childPid('front door');
  // A supervisor that does nothing starts nothing again.
  process.kill(pool.pid, 'SIGSTOP');
  try {
    process.kill(frontDoor, 'SIGKILL');
    await passed(awayMs);
  } finally {
    process.kill(pool.pid, 'SIGCONT');
  }
  await eventually(() => [ann, bob].every(({ socket }) => socket!.connected), 'both are back');
  assert.deepEqual([ann.self.id, bob.self.id], ids);
  assert.ok(
    [ann, bob].every(({ socket }) => socket!.recovered),
    'both go on where they were',
  );
  assert.equal(await pool.edgeOf(ann.key), edge);
  assert.deepEqual(await incarnations(pool), [1, 1, 1]);
  assert.equal(lapses(pool), 0);
  const endTalk = startTalk(t, [ann, bob], 10);
  await passed(200);
  checkTalk(t, await endTalk(), 'after the front door was away');
});

test('a front door that froze gives no edge up when it goes on', async (t) => {
  const pool = await startPool(t);
  const ann = await enterPoolHost(t, pool);
  const edge = await pool.edgeOf(ann.key);
  const frontDoor = await pool.childPid('front door');
  process.kill(frontDoor, 'SIGSTOP');
  try {
    await passed(awayMs);
  } finally {
    process.kill(frontDoor, 'SIGCONT');
  }
  assert.deepEqual(await incarnations(pool), [1, 1, 1]);
  await eventually(() => ann.socket!.connected, 'the host is back');
  assert.equal(await pool.edgeOf(ann.key), edge);
  // Who accepts connections may judge: the edges could not know that it did nothing.
  assert.equal(lapses(pool), 3);
});
