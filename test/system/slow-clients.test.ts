/**
 * Clients and backends that are slow, silent or gone in the middle: a real front door ends what waits too
 * long with a clear status, keeps its memory bounded, and goes on serving everybody else.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { ask, startFrontDoor, until } from '../support/front-door.ts';
import { unchanged } from '../support/unchanged.ts';
import type { Asked, FrontDoor } from '../support/front-door.ts';
import { openRaw } from '../support/raw-connection.ts';
import { startStaticBackend } from '../support/static-backend.ts';
import type { StaticBackend } from '../support/static-backend.ts';
import { testUnreadAnswers } from '../support/unread-answers.ts';

const mebibyte = 1_048_576;

test('a head that does not arrive in time is answered with 408 and its connection closed', async (t) => {
  const { door, backend } = await start(t, { CT_HEAD_TIMEOUT_MS: '300' });
  for (const beginning of ['GET /x HT', `GET /x HTTP/1.1\r\nHost: ${door.host}\r\nX-Slow: `]) {
    const connection = await openRaw(t, door.port);
    connection.send(beginning);
    const answer = await connection.answer();
    assert.deepEqual([answer.status, JSON.parse(answer.body).code], [408, 'request-timeout']);
    await connection.whenEnded();
  }
  const silent = await openRaw(t, door.port);
  await silent.whenEnded();
  assert.deepEqual(backend.requests, []);
});

test('a body that stops in the middle ends its exchange and the request to the backend', async (t) => {
  const { door, backend } = await start(t, { CT_BODY_IDLE_TIMEOUT_MS: '300' });
  let upstreamEnded = false;
  backend.handlers.set('/upload', (incoming) => {
    incoming.on('error', () => undefined);
    incoming.once('close', () => (upstreamEnded = true));
    incoming.resume();
  });
  const connection = await openRaw(t, door.port);
  connection.send(
    `POST /upload HTTP/1.1\r\nHost: ${door.host}\r\nctstickiness: k\r\nContent-Length: 100\r\n\r\npart`,
  );
  const answer = await connection.answer();
  assert.deepEqual([answer.status, JSON.parse(answer.body).code], [408, 'request-timeout']);
  await connection.whenEnded();
  await until(() => Promise.resolve(upstreamEnded), 'the request to the backend is over');
  const line = await door.log.next(isSettled, 'the exchange is settled');
  assert.deepEqual([line['status'], line['code'], line['source']], [408, 'request-timeout', 'downstream']);
});

test('a client connection without an exchange is closed', async (t) => {
  const { door } = await start(t, { CT_IDLE_TIMEOUT_MS: '1000' });
  const connection = await openRaw(t, door.port);
  connection.send(`GET /x HTTP/1.1\r\nHost: ${door.host}\r\nctstickiness: k\r\n\r\n`);
  assert.equal((await connection.answer()).status, 200);
  await connection.whenEnded();
});

test('clients that do not read their 64 MiB answers cost bounded memory, and others are served', async (t) => {
  const { door, backend } = await start(t);
  const block = Buffer.alloc(mebibyte, 'x');
  let written = 0;
  backend.handlers.set('/large', (_request, response) => {
    response.writeHead(200, { 'content-length': 64 * mebibyte });
    for (let i = 0; i < 64; i++) response.write(block, () => written++);
    response.end();
  });
  const before = await door.metric('process_resident_memory_bytes');
  const readers = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const connection = await openRaw(t, door.port);
      connection.socket.pause();
      connection.send(`GET /large HTTP/1.1\r\nHost: ${door.host}\r\nctstickiness: k\r\n\r\n`);
      return connection;
    }),
  );
  await unchanged(() => written, 'the backend is held back');
  assert.ok(written < 128, `${written} of 256 MiB were taken though nobody reads`);
  const grown = (await door.metric('process_resident_memory_bytes')) - before;
  assert.ok(grown < 64 * mebibyte, `the front door grew by ${grown} bytes`);
  assert.equal((await ask(door, '/other')).status, 200);
  let received = 0;
  readers[0]!.takeOver((chunk) => (received += chunk.length));
  readers[0]!.socket.resume();
  await until(() => Promise.resolve(received > 64 * mebibyte), 'a client that goes on gets its whole answer');
});

testUnreadAnswers('required');

test('a client that leaves before, in the middle of its upload or of its answer takes the upstream request along', async (t) => {
  const { door, backend } = await start(t);
  let asked = 0;
  let ended = 0;
  backend.handlers.set('/never', (incoming, response) => {
    asked++;
    response.once('close', () => ended++);
    incoming.on('error', () => undefined).resume();
  });
  backend.handlers.set('/endless', (_request, response) => {
    asked++;
    response.once('close', () => ended++);
    response.writeHead(200);
    response.write('some of it');
  });
  const leaving = ['GET /never', 'POST /never', 'GET /endless'];
  for (const [i, line] of leaving.entries()) {
    const connection = await openRaw(t, door.port);
    const upload = line.startsWith('POST') ? 'Content-Length: 100\r\n\r\npart' : '\r\n';
    connection.send(`${line} HTTP/1.1\r\nHost: ${door.host}\r\nctstickiness: k\r\n${upload}`);
    await until(() => Promise.resolve(asked === i + 1), 'the backend was asked');
    if (line.endsWith('endless')) await connection.head();
    connection.socket.destroy();
    await until(() => Promise.resolve(ended === i + 1), `${line}: the request to the backend is over`);
  }
  await until(() => Promise.resolve(door.log.items.filter(isSettled).length === 3), 'all are settled');
  assert.deepEqual(
    [...new Set(door.log.items.filter(isSettled).map((line) => line['code']))],
    ['client-left'],
  );
  assert.equal((await door.edges())[0]!.state, 'ready', 'a client that leaves never marks a backend');
});

test('an answer that the backend breaks off, or stalls, is broken off for the client and never looks whole', async (t) => {
  const { door, backend } = await start(t, { CT_BODY_IDLE_TIMEOUT_MS: '300' });
  for (const [path, headers, isCut] of [
    ['/cut-length', { 'content-length': 100 }, true],
    ['/cut-chunked', {}, true],
    ['/stalled-length', { 'content-length': 100 }, false],
    ['/stalled-chunked', {}, false],
  ] as const) {
    backend.handlers.set(path, (_request, response) => {
      response.writeHead(200, headers);
      response.write('half', () => isCut && response.socket?.destroy());
    });
    await assert.rejects(
      ask(door, path, { headers: { ctstickiness: 'k' } }),
      /aborted|socket hang up|ECONNRESET/,
      path,
    );
  }
  const codes = ['upstream-broken', 'upstream-broken', 'upstream-timeout', 'upstream-timeout'];
  await until(() => Promise.resolve(door.log.items.filter(isSettled).length === 4), 'all are settled');
  assert.deepEqual(
    door.log.items.filter(isSettled).map((line) => line['code']),
    codes,
  );
});

// They wait side by side: each takes as long as a front door waits for the proof that an edge is over.
suite('backends that do not answer', { concurrency: true }, () => {
  test('a backend that does not answer in time gives 504, one that breaks off before its answer 502', async (t) => {
    const { door, backend } = await start(t, { CT_FIRST_BYTE_TIMEOUT_MS: '300' });
    let posts = 0;
    backend.handlers.set('/silent', (incoming) => void incoming.resume());
    backend.handlers.set('/cut', (incoming) => {
      posts++;
      incoming.socket.destroy();
    });
    backend.upgradeHandlers.set('/silent', (_request, socket) => void socket.resume());
    backend.upgradeHandlers.set('/cut', (_request, socket) => void socket.destroy());
    const keyed = { headers: { ctstickiness: 'k' } };
    assertFailure(await ask(door, '/silent', keyed), 504, 'upstream-timeout');
    assertFailure(
      await ask(door, '/silent', { ...keyed, method: 'POST', body: 'x' }),
      504,
      'upstream-timeout',
    );
    assertFailure(await ask(door, '/cut', { ...keyed, method: 'POST', body: 'x' }), 502, 'upstream-broken');
    assert.equal(posts, 1, 'a request that may have had an effect is sent once');
    assert.deepEqual(await askUpgrade(t, door, '/silent'), [504, 'upstream-timeout', '1']);
  });

  test('a backend that refuses connections gives 502 with Retry-After once nothing proves it over', async (t) => {
    const { door, backend } = await start(t);
    await backend.stop();
    const [plain, upgraded] = await Promise.all([
      ask(door, '/x', { method: 'POST', body: 'x', headers: { ctstickiness: 'k' } }),
      askUpgrade(t, door, '/x'),
    ]);
    assertFailure(plain, 502, 'upstream-refused');
    assert.deepEqual(upgraded, [502, 'upstream-refused', '1']);
  });

  test('a backend that no longer takes connections gives 504 after the connect deadline', async (t) => {
    const deaf = await startDeafBackend(t);
    const settings = { CT_CONNECT_TIMEOUT_MS: '200' };
    const door = await startFrontDoor(t, { backends: [deaf], settings });
    await deaf.stopListening();
    const [plain, upgraded] = await Promise.all([
      ask(door, '/x', { method: 'POST', body: 'x', headers: { ctstickiness: 'k' } }),
      askUpgrade(t, door, '/x'),
    ]);
    assertFailure(plain, 504, 'upstream-timeout');
    assert.deepEqual(upgraded, [504, 'upstream-timeout', '1']);
  });
});

async function start(
  t: TestContext,
  settings: Record<string, string> = {},
): Promise<{ door: FrontDoor; backend: StaticBackend }> {
  const backend = await startStaticBackend(t, 'a');
  return { backend, door: await startFrontDoor(t, { backends: [backend], settings }) };
}

function isSettled({ event }: { event: string }): boolean {
  return event === 'exchange.settled';
}

function assertFailure(asked: Asked, status: number, code: string): void {
  assert.deepEqual([asked.status, asked.json.code, asked.headers['retry-after']], [status, code, '1']);
}

/** Status, code and Retry-After of a handshake that is refused. */
async function askUpgrade(t: TestContext, door: FrontDoor, path: string): Promise<unknown[]> {
  const connection = await openRaw(t, door.port);
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
  connection.send(`GET ${path} HTTP/1.1\r\nHost: ${door.host}\r\nctstickiness: k\r\n${upgrade}\r\n`);
  const answer = await connection.answer();
  await connection.whenEnded();
  return [answer.status, JSON.parse(answer.body).code, answer.headers['retry-after']];
}

/** A backend in a process of its own that can be frozen with a full queue, so that the kernel drops connects. */
async function startDeafBackend(
  t: TestContext,
): Promise<{ name: string; url: string; passesChecks: boolean; stopListening: () => Promise<void> }> {
  const source = `require('node:http').createServer((_, response) => response.end())
    .listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  const stopListening = async (): Promise<void> => {
    child.kill('SIGSTOP');
    const sockets = Array.from({ length: 16 }, () => connect({ host: '127.0.0.1', port }));
    for (const socket of sockets) socket.on('error', () => socket.destroy());
    t.after(() => sockets.forEach((socket) => socket.destroy()));
    await unchanged(() => sockets.filter(({ connecting }) => connecting).length, 'the queue is full');
    assert.ok(sockets.some(({ connecting }) => connecting));
  };
  return { name: 'deaf', url: `http://127.0.0.1:${port}`, passesChecks: true, stopListening };
}

test('a body that trickles is cut off with 408, however often a byte of it comes', async (t) => {
  const { door, backend } = await start(t, {
    CT_BODY_IDLE_TIMEOUT_MS: '600',
    CT_BODY_MIN_BYTES_PER_SECOND: '1000000',
  });
  backend.handlers.set('/upload', (incoming) => incoming.on('error', () => undefined).resume());
  const connection = await openRaw(t, door.port);
  connection.send(
    `POST /upload HTTP/1.1\r\nHost: ${door.host}\r\nctstickiness: k\r\nContent-Length: 1000\r\n\r\n`,
  );
  const trickle = setInterval(() => connection.send('a'), 50);
  t.after(() => clearInterval(trickle));
  const answer = await connection.answer();
  assert.deepEqual([answer.status, JSON.parse(answer.body).code], [408, 'body-too-slow']);
  clearInterval(trickle);
  await connection.whenEnded();
  assert.ok((await door.metric('ct_proxy_rejected_total')) > 0);
});
