/** For which connections a planned stop waits, on real ones of Engine.IO, and for which it does not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createServer } from '#shared/node-http.ts';
import { Server as Engine } from 'engine.io';
import type { Socket as EngineSocket } from 'engine.io';
import { WebSocket } from 'ws';
import { heartbeatOf } from './heartbeat.ts';
import { stopConnections } from './planned-stop.ts';

interface SilentPolling {
  readonly conn: EngineSocket;
  /** Where its next poll would go. */
  readonly url: string;
}

/** A connection by long polling whose client never polls. */
async function openSilentPolling(t: TestContext): Promise<EngineSocket> {
  return (await openPolling(t)).conn;
}

async function openPolling(t: TestContext): Promise<SilentPolling> {
  const server = createServer();
  const engine = new Engine();
  engine.attach(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const opened = once(engine, 'connection') as Promise<[EngineSocket]>;
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/engine.io/?EIO=4&transport=polling`;
  const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1)) as { sid: string };
  const [conn] = await opened;
  heartbeatOf(conn);
  t.after(async () => {
    // The poll that was waited for: without it the connection would keep its deadline of 30 s, and the process.
    if (conn.readyState === 'closing') await (await fetch(`${url}&sid=${sid}`)).text();
    engine.close();
    server.closeAllConnections();
    server.close();
  });
  return { conn, url: `${url}&sid=${sid}` };
}

/** Brings a connection to where its client may change to the WebSocket that this gives, and has not. */
async function beginUpgrade(t: TestContext, { conn, url }: SilentPolling): Promise<WebSocket> {
  const socket = new WebSocket(url.replace('http:', 'ws:').replace('polling', 'websocket'));
  t.after(() => socket.terminate());
  await once(socket, 'open');
  const probed = once(conn, 'upgrading');
  socket.send('2probe');
  await probed;
  return socket;
}

/** Whether a promise is settled by the time that all that is due now has run. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  const { promise: turn, resolve } = Promise.withResolvers<boolean>();
  setImmediate(() => resolve(false));
  return await Promise.race([promise.then(() => true), turn]);
}

test('nobody waits for the pong of a connection that is closing', async (t) => {
  const conn = await openSilentPolling(t);
  conn.close();
  assert.equal(conn.readyState, 'closing');
  assert.equal(await isSettled(heartbeatOf(conn).settled()), true);
});

test('a connection that is open is waited for until it answers or ends', async (t) => {
  const conn = await openSilentPolling(t);
  const settled = heartbeatOf(conn).settled();
  assert.equal(await isSettled(settled), false);
  conn.close(true);
  await settled;
});

test('a planned stop does not wait for a connection that is closing already', async (t) => {
  const conn = await openSilentPolling(t);
  conn.close();
  assert.equal(await isSettled(stopConnections(() => [conn])), true);
});

test('a client that is slow to change to its WebSocket is heard, when one that is frozen has been cut', async (t) => {
  const slow = await openPolling(t);
  const frozen = await openSilentPolling(t);
  const socket = await beginUpgrade(t, slow);
  const packets: string[] = [];
  socket.on('message', (data: Buffer) => packets.push(data.toString()));
  const ended = once(slow.conn, 'close').then(() => ['ended unheard']);
  const heard = Promise.race([once(slow.conn, 'message') as Promise<[string]>, ended]);
  const cut = once(frozen, 'close');
  const stopped = stopConnections(() =>
    [slow.conn, frozen].filter(({ readyState }) => readyState !== 'closed'),
  );
  await cut;
  socket.send('5');
  socket.send('4what it held');
  assert.deepEqual(await heard, ['what it held']);
  socket.once('message', () => socket.close());
  await stopped;
  assert.ok(packets.includes('9'), 'it was told to come again');
});
