/** The control port where it cannot be shared: a system that knows no such thing, a stranger who has it, a front door that dies. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { childrenOf, listensAt, rests, successorAmong } from '../support/child-processes.ts';
import { fleetSecret, makeDataDir } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { startPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';

const replacedMaxMs = 60_000;
const noSharedPorts = join(import.meta.dirname, '../support/no-shared-ports.ts');

function count(pool: Pool, event: string, child = 'front door'): number {
  return pool.lines.filter((line) => line.event === event && line['child'] === child).length;
}

async function served(pool: Pool, key: string): Promise<string> {
  const isServed = async (): Promise<boolean> =>
    (await pool.status().catch(() => ({ ready: 0 }))).ready === 1;
  await eventually(isServed, 'the edge is there', replacedMaxMs);
  return await pool.edgeOf(key);
}

/** A process that has nothing to do with us has the port, as soon as it is free. */
async function occupy(t: TestContext, port: number, reusePort: boolean): Promise<Server> {
  const stranger = createServer((socket) => socket.destroy());
  t.after(() => stranger.close());
  stranger.on('error', () => undefined);
  await eventually(() => {
    if (!stranger.listening) stranger.listen({ host: '127.0.0.1', port, reusePort });
    return stranger.listening;
  }, 'the port is free');
  return stranger;
}

test('where ports cannot be shared a front door is replaced all the same, and its edges come to the next one', async (t) => {
  const NODE_OPTIONS = `${process.env['NODE_OPTIONS'] ?? ''} --import="${noSharedPorts}"`;
  const pool = await startPool(t, { env: { CT_EDGES: '1', NODE_OPTIONS } });
  const edge = await served(pool, 'a session');
  assert.equal((await pool.act('/admin/replace', {})).status, 200);
  await eventually(() => count(pool, 'child.replaced') === 1, 'it is replaced', replacedMaxMs);
  assert.equal(await served(pool, 'a session'), edge);
  assert.equal(count(pool, 'child.exited') + count(pool, 'child.not-replaced'), 0);
});

test('a first start takes no port that a stranger has, shared or not, and says which', async (t) => {
  for (const reusePort of [false, true]) {
    const stranger = await occupy(t, 0, reusePort);
    const { port } = stranger.address() as { port: number };
    const { code, stderr } = await runCommand(t, ['proxy'], {
      CT_DATA_DIR: makeDataDir(t),
      CT_JOIN_TOKEN: fleetSecret,
      CT_SESSION_SECRET: fleetSecret,
      CT_HTTP_PORT: '0',
      CT_HTTPS_PORT: '0',
      CT_ADMIN_PORT: '0',
      CT_CONTROL_PORT: String(port),
    });
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^mooring: port ${port} is in use`, 'm'));
  }
});

test('a stranger who takes the port while a front door is away is waited for, and clients are served after that', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '1' } });
  const edge = await served(pool, 'a session');
  const control = pool.ports['control']!;
  const old = await pool.childPid('front door');
  // So there is no successor before the stranger is there.
  process.kill(pool.pid, 'SIGSTOP');
  let stranger: Server | undefined;
  try {
    process.kill(old, 'SIGKILL');
    stranger = await occupy(t, control, false);
  } finally {
    process.kill(pool.pid, 'SIGCONT');
  }
  await eventually(() => count(pool, 'child.exited') >= 2, 'it cannot start', replacedMaxMs);
  assert.match(pool.output, new RegExp(`port ${control} is in use`));
  const waiting = pool.edgeOf('a session');
  stranger.close();
  assert.equal(await waiting, edge, 'who came meanwhile is served');
  assert.equal(await served(pool, 'a session'), edge);
});

test('where a front door dies while it hands its edges over, they come to its successor', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '1' } });
  const edge = await served(pool, 'a session');
  const old = await pool.childPid('front door');
  const before = childrenOf(pool.pid);
  assert.equal((await pool.act('/admin/replace', {})).status, 200);
  let successor: number | undefined;
  await eventually(() => (successor = successorAmong(pool.pid, before)) !== undefined, 'a successor begins');
  // So the front door is not told that its successor is prepared before that one stands still.
  process.kill(pool.pid, 'SIGSTOP');
  try {
    await eventually(() => listensAt(successor!, pool.ports['control']!), 'it listens');
    await rests(successor!);
    process.kill(successor!, 'SIGSTOP');
  } finally {
    process.kill(pool.pid, 'SIGCONT');
  }
  const isTold = (): boolean =>
    pool.lines.some(({ event, pid }) => event === 'process.retiring' && pid === old);
  await eventually(isTold, 'it hands over, and nobody takes');
  process.kill(old, 'SIGKILL');
  const isGone = (): boolean =>
    pool.lines.some(({ event, childPid }) => event === 'child.retired' && childPid === old);
  await eventually(isGone, 'it is gone');
  process.kill(successor!, 'SIGCONT');
  await eventually(
    async () => (await pool.childPid('front door')) === successor,
    'the successor serves',
    replacedMaxMs,
  );
  assert.equal(await served(pool, 'a session'), edge);
  assert.equal(count(pool, 'child.started'), 2);
});
