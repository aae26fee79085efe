/**
 * Upgraded connections through a real front door: raw bytes both ways, nothing lost at the start or at the
 * end, no more memory than the buffers of two sockets, and a handshake that the backend decides.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { ask, startFrontDoor, until } from '../support/front-door.ts';
import { unchanged } from '../support/unchanged.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { openRaw } from '../support/raw-connection.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import { startStaticBackend, valuesOf } from '../support/static-backend.ts';
import type { StaticBackend } from '../support/static-backend.ts';

const mebibyte = 1_048_576;
const agreed = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

test('a WebSocket message of 16 MiB goes there and back unchanged', async (t) => {
  const { door } = await start(t);
  const socket = new WebSocket(`ws://${door.host}/live`, { headers: { ctstickiness: 'k' } });
  t.after(() => socket.terminate());
  const sent = randomBytes(16 * mebibyte);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  socket.on('error', reject);
  socket.on('message', (data: Buffer, isBinary) => (isBinary ? resolve(data) : socket.send(sent)));
  assert.equal(digest(await promise), digest(sent));
});

test('bytes that are sent with the handshake, or right after it from both sides, are not lost', async (t) => {
  const { door, backend } = await start(t);
  backend.upgradeHandlers.set('/raw', (_request, socket, early) => {
    socket.write(`${agreed}hello `);
    socket.write(early);
    socket.pipe(socket);
  });
  const connection = await openUpgrade(t, door, '/raw', 'early ');
  connection.send('late');
  await until(
    () => Promise.resolve(connection.pending.toString() === 'hello early late'),
    'all bytes are there',
  );
});

test('a client that reads slowly holds its backend back, and gets every byte when it goes on', async (t) => {
  const { door, backend } = await start(t);
  const block = randomBytes(mebibyte);
  const blocks = 192;
  let taken = 0;
  backend.upgradeHandlers.set('/flood', (_request, socket) => {
    socket.write(agreed);
    for (let i = 0; i < blocks; i++) socket.write(block, () => taken++);
  });
  const before = await door.metric('process_resident_memory_bytes');
  const connection = await openUpgrade(t, door, '/flood');
  connection.socket.pause();
  await unchanged(() => taken, 'the backend is held back');
  assert.ok(taken < blocks / 2, `${taken} of ${blocks} MiB were taken though nobody reads`);
  const grown = (await door.metric('process_resident_memory_bytes')) - before;
  assert.ok(grown < 64 * mebibyte, `the front door grew by ${grown} bytes`);
  assert.equal((await ask(door, '/other')).status, 200, 'others are served');

  const hash = createHash('sha256').update(connection.pending);
  let received = connection.pending.length;
  connection.takeOver((chunk) => {
    received += chunk.length;
    hash.update(chunk);
  });
  connection.socket.resume();
  await until(() => Promise.resolve(received === blocks * mebibyte), 'every byte is there');
  const expected = createHash('sha256');
  for (let i = 0; i < blocks; i++) expected.update(block);
  assert.equal(hash.digest('hex'), expected.digest('hex'));
});

test('what a backend sent before it closed arrives, even where the client reads later', async (t) => {
  const { door, backend } = await start(t);
  const sent = randomBytes(8 * mebibyte);
  backend.upgradeHandlers.set('/burst', (_request, socket) => {
    socket.write(agreed);
    socket.end(sent);
  });
  const connection = await openUpgrade(t, door, '/burst');
  connection.socket.pause();
  await unchanged(() => connection.socket.bytesRead, 'the buffers are full');
  connection.socket.resume();
  await connection.whenEnded();
  assert.equal(connection.error, undefined);
  assert.equal(connection.pending.length, sent.length);
  assert.equal(digest(connection.pending), digest(sent));
});

test('what a client sent before it closed arrives, even where the backend reads later', async (t) => {
  const { door, backend } = await start(t);
  let upstream: Duplex | undefined;
  backend.upgradeHandlers.set('/upload', (_request, socket) => {
    socket.write(agreed);
    upstream = socket;
    socket.pause();
  });
  const connection = await openUpgrade(t, door, '/upload');
  const sent = randomBytes(8 * mebibyte);
  connection.socket.end(sent);
  await unchanged(() => connection.socket.writableLength, 'the buffers are full');
  const chunks: Buffer[] = [];
  for await (const chunk of upstream! as AsyncIterable<Buffer>) chunks.push(chunk);
  assert.equal(digest(Buffer.concat(chunks)), digest(sent));
});

test('each side may end its half and still receive', async (t) => {
  const { door, backend } = await start(t);
  backend.upgradeHandlers.set('/client-first', (_request, socket) => {
    socket.write(agreed);
    socket.once('data', () => undefined);
    socket.once('end', () => socket.end('answer after the end'));
  });
  const first = await openUpgrade(t, door, '/client-first');
  first.socket.end('question');
  await first.whenEnded();
  assert.equal(first.pending.toString(), 'answer after the end');

  let heard = '';
  backend.upgradeHandlers.set('/backend-first', (_request, socket) => {
    socket.write(agreed);
    socket.end('last words');
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  });
  const second = await openUpgrade(t, door, '/backend-first');
  await second.whenEnded();
  assert.equal(second.pending.toString(), 'last words');
  second.socket.end('answer');
  await until(() => Promise.resolve(heard === 'answer'), 'the backend heard the answer');
});

test('a tunnel without a byte either way is closed on both sides after its idle deadline', async (t) => {
  const { door, backend } = await start(t, { CT_TUNNEL_IDLE_TIMEOUT_MS: '1000' });
  let closed = false;
  backend.upgradeHandlers.set('/idle', (_request, socket) => {
    socket.write(agreed);
    socket.once('end', () => (closed = true));
    socket.resume();
  });
  const connection = await openUpgrade(t, door, '/idle');
  await connection.whenEnded();
  await until(() => Promise.resolve(closed), 'the backend’s side is closed too');
});

test('a side that breaks off breaks the other off', async (t) => {
  const { door, backend } = await start(t);
  const sockets: Duplex[] = [];
  let closed = 0;
  backend.upgradeHandlers.set('/raw', (_request, socket) => {
    socket.write(agreed);
    sockets.push(socket);
    // By an orderly end or by a reset: both tell the edge that nobody is there.
    socket.once('end', () => socket.end()).on('error', () => undefined);
    socket.once('close', () => closed++);
    socket.resume();
  });
  const leaving = await openUpgrade(t, door, '/raw');
  leaving.socket.resetAndDestroy();
  await until(() => Promise.resolve(closed === 1), 'the backend’s side is closed');
  const staying = await openUpgrade(t, door, '/raw');
  sockets[1]!.destroy();
  await staying.whenEnded();
  staying.socket.end();
  await until(async () => (await door.metric('ct_proxy_exchanges_open')) === 0, 'both exchanges are settled');
});

test('a refused handshake reaches the client as the backend wrote it', async (t) => {
  const { door, backend } = await start(t);
  const headers = 'X-Reason: asleep\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n';
  for (const [status, framing] of [
    [403, 'Content-Length: 4\r\n\r\nnope'],
    [401, 'Transfer-Encoding: chunked\r\n\r\n4\r\nnope\r\n0\r\n\r\n'],
    [503, 'Connection: close\r\n\r\nnope'],
  ] as const) {
    backend.upgradeHandlers.set('/refused', (_request, socket) =>
      socket.end(`HTTP/1.1 ${status} No\r\n${headers}${framing}`),
    );
    const connection = await openRaw(t, door.port);
    connection.send(handshake(door, '/refused'));
    const answer = await connection.answer();
    assert.deepEqual([answer.status, answer.body, answer.headers['x-reason']], [status, 'nope', 'asleep']);
    assert.equal(answer.headers['ctstickiness'], 'k');
    await connection.whenEnded();
  }
});

test('an upgrade to anything but a WebSocket is served as the plain request that it also is', async (t) => {
  const { door, backend } = await start(t);
  const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' };
  const answer = await ask(door, '/x', { headers: { ...headers, ctstickiness: 'k' } });
  assert.equal(answer.status, 200);
  const [request] = backend.requests;
  assert.equal(request!.isUpgrade, false);
  for (const name of ['upgrade', 'http2-settings']) assert.deepEqual(valuesOf(request!, name), []);
});

test('a client that leaves during the handshake takes its request to the backend along', async (t) => {
  const { door, backend } = await start(t);
  let state: 'none' | 'asked' | 'closed' = 'none';
  backend.upgradeHandlers.set('/pending', (_request, socket) => {
    state = 'asked';
    socket.once('end', () => (state = 'closed'));
    socket.resume();
  });
  const connection = await openRaw(t, door.port);
  connection.send(handshake(door, '/pending'));
  await until(() => Promise.resolve(state === 'asked'), 'the backend was asked');
  connection.socket.destroy();
  await until(() => Promise.resolve(state === 'closed'), 'the backend’s side is closed');
});

async function start(
  t: TestContext,
  settings: Record<string, string> = {},
): Promise<{ door: FrontDoor; backend: StaticBackend }> {
  const backend = await startStaticBackend(t, 'a');
  return { backend, door: await startFrontDoor(t, { backends: [backend], settings }) };
}

function handshake(door: FrontDoor, path: string): string {
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  return `GET ${path} HTTP/1.1\r\nHost: ${door.host}\r\nctstickiness: k\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n`;
}

/** A connection that the backend has taken over; `early` goes out in one piece with the handshake. */
async function openUpgrade(
  t: TestContext,
  door: FrontDoor,
  path: string,
  early = '',
): Promise<RawConnection> {
  const connection = await openRaw(t, door.port);
  connection.send(handshake(door, path) + early);
  assert.match(await connection.head(), /^HTTP\/1\.1 101 /);
  return connection;
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
