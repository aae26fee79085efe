/** A pool whose front door is replaced by one that gets no time to begin: what tests of that begin with, do to it, and find at the end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { timing } from '#shared/timing.ts';
import { childrenOf, successorAmong } from './child-processes.ts';
import { eventually } from './oct-inbox.ts';
import { startPool } from './pool.ts';
import type { Pool } from './pool.ts';

/** Longer than an edge serves without a word of its front door. */
const frozenMs = timing.leaseMs;
const connections = 20;
const replacedMaxMs = 60_000;

/** A pool whose front door carries every WebSocket, with one edge that nobody knows to be on this machine. */
export async function startServing(t: TestContext): Promise<{ pool: Pool; closed: () => number }> {
  const pool = await startPool(t, { env: { CT_EDGES: '1', CT_HANDOFF: 'off' } });
  pool.addEdge(t, 'far');
  await eventually(async () => (await pool.status()).ready === 2, 'both edges are ready');
  const sockets = Array.from(
    { length: connections },
    (_, i) => new WebSocket(`${pool.url.replace('http', 'ws')}/y/key-${i}/notes`),
  );
  t.after(() => sockets.forEach((socket) => socket.terminate()));
  await Promise.all(sockets.map(async (socket) => await once(socket, 'open')));
  let closed = 0;
  for (const socket of sockets) socket.once('close', () => closed++);
  assert.ok(
    (await pool.edges()).every(({ pins }) => pins > 0),
    'each edge has some of them',
  );
  return { pool, closed: () => closed };
}

/** Asks for a new front door; resolves with its process as soon as there is one. */
export async function beginReplacement(pool: Pool): Promise<number> {
  const before = childrenOf(pool.pid);
  assert.equal((await pool.act('/admin/replace', {})).status, 200);
  let successor: number | undefined;
  await eventually(() => (successor = successorAmong(pool.pid, before)) !== undefined, 'a successor begins');
  return successor!;
}

export async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  const endsAt = performance.now() + frozenMs;
  await eventually(() => performance.now() >= endsAt, 'the time is over');
  process.kill(pid, 'SIGCONT');
}

export async function nobodyNoticed(pool: Pool, closed: () => number, successor: number): Promise<void> {
  const isOver = (): boolean =>
    pool.lines.some(({ event, childPid }) => event === 'child.replaced' && childPid === successor);
  await eventually(isOver, 'the front door is replaced', replacedMaxMs);
  await eventually(async () => (await pool.status()).ready === 2, 'both edges are at home at the successor');
  // What says more comes first.
  const troubles = ['lease.lapsed', 'edge.lost', 'child.unwilling', 'control.left-behind'];
  assert.deepEqual(
    pool.lines.filter(({ event }) => troubles.includes(event)),
    [],
  );
  assert.equal(closed(), 0);
  assert.ok((await pool.edges()).every(({ incarnation }) => incarnation === 1));
}
