/** A front door that is replaced while it serves: connections go on, new ones wait for its successor. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { Agent, get } from '#shared/node-http.ts';
import { WebSocket } from 'ws';
import { childrenOf, successorAmong } from '../support/child-processes.ts';
import { serves } from '../support/next-front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { startPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';

const connections = 100;
const askIntervalMs = 10;

async function openSockets(t: TestContext, pool: Pool): Promise<WebSocket[]> {
  const sockets = Array.from(
    { length: connections },
    (_, i) => new WebSocket(`${pool.url.replace('http', 'ws')}/y/key-${i}/notes`),
  );
  t.after(() => sockets.forEach((socket) => socket.terminate()));
  await Promise.all(sockets.map(async (socket) => await once(socket, 'open')));
  return sockets;
}

/** Asks every few milliseconds, each time anew or over kept connections; returns what failed once it is stopped. */
function askOn(
  t: TestContext,
  pool: Pool,
  keepAlive: boolean,
): () => Promise<{ asked: number; failed: string[] }> {
  const agent = new Agent({ keepAlive });
  const failed: string[] = [];
  let asked = 0;
  let answered = 0;
  const ask = (): void => {
    const settle = (fault: string | undefined): void => {
      answered++;
      if (fault !== undefined) failed.push(fault);
    };
    const headers = { ctstickiness: `ask-${asked++}` };
    const request = get(`${pool.url}/ct-health/`, { agent, headers }, (answer) => {
      const isGood = answer.statusCode === 200;
      answer.resume().once('end', () => settle(isGood ? undefined : `status ${answer.statusCode}`));
    });
    request.once('error', (error) => settle(String(error)));
  };
  const asking = setInterval(ask, askIntervalMs);
  t.after(() => {
    clearInterval(asking);
    agent.destroy();
  });
  return async () => {
    clearInterval(asking);
    await eventually(() => answered === asked, 'all is answered');
    // Kept connections that are idle are those of clients who may ask again: a front door waits for them.
    agent.destroy();
    return { asked, failed };
  };
}

/** Gives the process id of the successor. */
async function replace(t: TestContext, pool: Pool): Promise<string> {
  const { code, stdout, stderr } = await runCommand(t, [
    'restart',
    '--front-door',
    '--data-dir',
    pool.dataDir,
  ]);
  assert.equal(code, 0, stderr);
  const pid = /^front door: replaced, process (\d+)$/m.exec(stdout)?.[1];
  assert.ok(pid !== undefined, stdout);
  return pid;
}

async function answersPing(socket: WebSocket): Promise<void> {
  const pong = once(socket, 'pong');
  socket.ping();
  await pong;
}

test('a front door is replaced under load: nothing is refused, reset or cut', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '2' } });
  const sockets = await openSockets(t, pool);
  let closed = 0;
  for (const socket of sockets) socket.once('close', () => closed++);
  const loads = [askOn(t, pool, false), askOn(t, pool, true)];
  const pids = [String(await pool.childPid('front door'))];
  for (let round = 0; round < 2; round++) pids.push(await replace(t, pool));
  assert.equal(new Set(pids).size, 3);
  for (const stop of loads) {
    const { asked, failed } = await stop();
    assert.deepEqual(failed, []);
    t.diagnostic(`${asked} asked, 0 refused or broken off`);
  }
  await Promise.all(sockets.map(answersPing));
  assert.equal(closed, 0);
  assert.ok((await pool.edges()).every(({ state, incarnation }) => state === 'ready' && incarnation === 1));
  for (const socket of sockets) socket.close();
  const retired = (): number =>
    pool.lines.filter(({ event, code }) => event === 'child.retired' && code === 0).length;
  await eventually(() => retired() === 2, 'those that were replaced end with their last connection');
});

test('a front door that was replaced hears of the ends of connections that its edges have, and takes none along when it is killed', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '1' } });
  const [leaving, staying] = (await openSockets(t, pool)) as [WebSocket, WebSocket];
  const retiredPid = await pool.childPid('front door');
  await replace(t, pool);
  const settled = (): string[] =>
    pool.lines
      .filter(
        ({ event, pid, kind }) => event === 'exchange.settled' && pid === retiredPid && kind === 'upgrade',
      )
      .map(({ carrier }) => String(carrier));
  await answersPing(leaving);
  leaving.close();
  await eventually(() => settled().length === 1, 'its end is settled');
  assert.deepEqual(settled(), ['edge']);
  let closed = 0;
  staying.once('close', () => closed++);
  process.kill(retiredPid, 'SIGKILL');
  await eventually(() => pool.lines.some(({ event }) => event === 'child.retired'), 'it is gone');
  await answersPing(staying);
  assert.equal(closed, 0);
});

test('clients that come while a front door is dead wait for the next one', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '1' } });
  process.kill(await pool.childPid('front door'), 'SIGKILL');
  const stop = askOn(t, pool, false);
  await eventually(
    () =>
      pool.lines.filter(({ event, child }) => event === 'child.started' && child === 'front door').length ===
      2,
    'it is started again',
  );
  const { failed } = await stop();
  // Those alone fail that the dead process had accepted.
  assert.ok(
    failed.every((error) => !error.includes('ECONNREFUSED')),
    failed.join(),
  );
});

test('a drain goes on when the front door that began it is replaced', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '2' } });
  assert.equal((await pool.act('/admin/drain', { edge: 'edge-1', deadlineSeconds: 60 })).status, 200);
  await replace(t, pool);
  await eventually(async () => (await pool.drains())[0]?.state === 'drained', 'the drain is known again');
  assert.equal((await pool.drains())[0]!.edge, 'edge-1');
  assert.equal((await pool.act('/admin/undrain', { edge: 'edge-1' })).status, 200);
});

test('where a front door dies while its successor prepares itself, that one serves, and nobody beside it', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '1' } });
  const old = await pool.childPid('front door');
  const before = childrenOf(pool.pid);
  assert.equal((await pool.act('/admin/replace', {})).status, 200);
  let successor: number | undefined;
  const prepares = (): boolean => {
    successor = successorAmong(pool.pid, before);
    if (successor !== undefined) process.kill(successor, 'SIGSTOP');
    return successor !== undefined;
  };
  await eventually(prepares, 'a successor prepares itself');
  process.kill(old, 'SIGKILL');
  await eventually(() => pool.lines.some(({ event }) => event === 'child.exited'), 'that is noticed');
  process.kill(successor!, 'SIGCONT');
  await serves(pool, old);
  const started = pool.lines.filter(
    ({ event, child }) => event === 'child.started' && child === 'front door',
  );
  assert.equal(started.length, 2);
  await replace(t, pool);
});
