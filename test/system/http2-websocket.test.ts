/** WebSockets over HTTP/2 (RFC 8441): by node:http2 and by a real Chromium, bridged to upgrades at the edge. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { openBrowser, openPage } from '../support/browser.ts';
import { Authority } from '../support/certificate.ts';
import { until } from '../support/front-door.ts';
import { clientFrame, openHttp2, startSecureDoor } from '../support/http2-client.ts';
import { eventually } from '../support/oct-inbox.ts';
import type { Documents } from '../support/pages/page-interfaces.ts';
import { startPool } from '../support/pool.ts';
import { startStaticBackend } from '../support/static-backend.ts';
import { openDocument } from '../support/y-document.ts';

const headEnd = '\r\n\r\n';

function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** The edge's answer to the handshake, whose rest is the test's. */
function agree(socket: Duplex, key: string, more = ''): void {
  const lines = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\n${more}`;
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n`);
}

test('an extended CONNECT is an upgrade at the edge, and its bytes go both ways as they are', async (t) => {
  const backend = await startStaticBackend(t, 'only');
  const { door, caPath } = await startSecureDoor(t, { backends: [backend] });
  const client = await openHttp2(t, door.httpsPort, caPath);
  const { stream, status, headers } = await client.openWebSocket('/echo', {
    ctstickiness: 'key',
    'sec-websocket-protocol': 'chat',
    'sec-websocket-key': 'one that the client makes up',
  });
  assert.equal(status, 200);
  assert.equal(headers['ctstickiness'], 'key');
  for (const name of ['upgrade', 'connection', 'sec-websocket-accept'])
    assert.equal(headers[name], undefined);
  let text = '';
  stream.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
  stream.write(clientFrame(1, Buffer.from('hello')));
  await until(() => Promise.resolve(text.includes('hello')), 'the backend echoes');
  stream.write(clientFrame(8, Buffer.from([0x03, 0xe8])));
  stream.end();
  await until(() => Promise.resolve(stream.closed), 'the stream is closed');
  assert.equal(stream.rstCode, 0);
  const seen = backend.requests.find(({ isUpgrade }) => isUpgrade)!;
  assert.equal(seen.method, 'GET');
  assert.match(seen.headers[seen.headers.indexOf('sec-websocket-key') + 1]!, /^[A-Za-z0-9+/]{22}==$/);
  const line = await door.log.next(
    ({ event, kind }) => event === 'exchange.settled' && kind === 'upgrade',
    'a line',
  );
  assert.deepEqual([line['status'], line['carrier']], [101, 'front-door']);
  assert.ok(Number(line['bytesUp']) > 0 && Number(line['bytesDown']) > 0);
});

test('a megabyte each way is relayed byte for byte under back-pressure, and half-closes are passed on', async (t) => {
  const backend = await startStaticBackend(t, 'only');
  backend.upgradeHandlers.set('/bytes', (request, socket) => {
    agree(socket, request.headers['sec-websocket-key']!);
    // Echoes, and ends when the client has ended, not before.
    socket.pipe(socket);
  });
  const { door, caPath } = await startSecureDoor(t, { backends: [backend] });
  const client = await openHttp2(t, door.httpsPort, caPath);
  const { stream } = await client.openWebSocket('/bytes', { ctstickiness: 'key' });
  const sent = randomBytes(1_048_576);
  const chunks: Buffer[] = [];
  let hasEnded = false;
  stream.on('data', (bytes: Buffer) => chunks.push(bytes));
  stream.on('end', () => (hasEnded = true));
  stream.end(sent);
  await until(() => Promise.resolve(hasEnded), 'all came back');
  assert.ok(Buffer.concat(chunks).equals(sent));
  await until(() => Promise.resolve(stream.closed), 'the stream is closed');
  assert.equal(stream.rstCode, 0);
});

test('a client that resets its WebSocket is gone at the edge, and an edge that breaks is a reset', async (t) => {
  const backend = await startStaticBackend(t, 'only');
  const sockets: Duplex[] = [];
  let gone = 0;
  backend.upgradeHandlers.set('/open', (request, socket) => {
    agree(socket, request.headers['sec-websocket-key']!);
    sockets.push(socket);
    socket.resume();
    socket.on('error', () => undefined);
    socket.once('close', () => gone++);
  });
  const { door, caPath } = await startSecureDoor(t, { backends: [backend] });
  const client = await openHttp2(t, door.httpsPort, caPath);
  const first = await client.openWebSocket('/open', { ctstickiness: 'key' });
  first.stream.destroy(new Error('gone'));
  await until(() => Promise.resolve(gone === 1), 'the edge has lost the first');
  const second = await client.openWebSocket('/open', { ctstickiness: 'key' });
  second.stream.resume();
  (sockets[1] as unknown as { resetAndDestroy: () => void }).resetAndDestroy();
  await until(() => Promise.resolve(second.stream.closed), 'the client has lost the second');
  assert.equal(second.stream.rstCode, 8);
  const third = await client.openWebSocket('/open', { ctstickiness: 'key' });
  third.stream.resume();
  sockets[2]!.end('last words');
  await until(() => Promise.resolve(third.stream.readableEnded), 'the edge has ended');
  assert.equal(third.stream.rstCode, 0);
});

test('a silent WebSocket is ended after its idle time', async (t) => {
  const backend = await startStaticBackend(t, 'only');
  const settings = { CT_TUNNEL_IDLE_TIMEOUT_MS: '1000' };
  const { door, caPath } = await startSecureDoor(t, { backends: [backend], settings });
  const client = await openHttp2(t, door.httpsPort, caPath);
  const { stream } = await client.openWebSocket('/echo', { ctstickiness: 'key' });
  stream.resume();
  await until(() => Promise.resolve(stream.closed), 'the stream is closed');
  assert.equal((await client.ask('/', { ctstickiness: 'key' })).status, 200, 'the connection goes on');
});

test('what is no WebSocket, and what the edge refuses or proves wrongly, is answered and not joined', async (t) => {
  const backend = await startStaticBackend(t, 'only');
  backend.upgradeHandlers.set('/refused', (_request, socket) =>
    socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n${headEnd.slice(2)}nope`),
  );
  backend.upgradeHandlers.set('/unproven', (_request, socket) => agree(socket, 'another key'));
  const { door, caPath } = await startSecureDoor(t, { backends: [backend] });
  const client = await openHttp2(t, door.httpsPort, caPath);
  const statusOf = async (path: string, headers = {}): Promise<number> => {
    const { stream, status } = await client.openWebSocket(path, { ctstickiness: 'key', ...headers });
    stream.resume();
    await until(() => Promise.resolve(stream.readableEnded), 'the answer is whole');
    stream.end();
    return status;
  };
  assert.equal(await statusOf('/refused'), 403);
  assert.equal(await statusOf('/unproven'), 502);
  assert.equal(await statusOf('/echo', { ':protocol': 'connect-udp' }), 501);
  assert.equal(await statusOf('/echo', { ctstickiness: 'no key' }), 400);
  assert.equal(await statusOf('/echo', { 'content-length': '5' }), 400);
});

test('Chromium keeps y-websocket sessions on streams of one HTTP/2 connection', async (t) => {
  const { certPath, keyPath } = new Authority(t).sign('DNS:localhost,IP:127.0.0.1');
  const pool = await startPool(t, { env: { CT_EDGES: '2', CT_TLS_CERT: certPath, CT_TLS_KEY: keyPath } });
  const browser = await openBrowser();
  t.after(async () => await browser.close());
  const jar = await browser.newContext({ bypassCSP: true, ignoreHTTPSErrors: true });
  const secureUrl = `https://localhost:${pool.ports['https']}`;
  const page = await openPage(jar, `${secureUrl}/login.html`, 'y-page.ts');
  const outside = await openDocument(t, pool.url, { key: 'our-key', name: 'notes' });
  await page.evaluate((url) => {
    const { documents } = globalThis as unknown as { documents: Documents };
    documents.open(url, 'notes', '2');
    documents.open(url, 'notes', '3');
    documents.write('from the page ');
  }, `wss://localhost:${pool.ports['https']}/y/our-key`);
  outside.text.insert(0, 'from outside ');
  const texts = async (): Promise<string[]> =>
    await page.evaluate(() => (globalThis as unknown as { documents: Documents }).documents.texts());
  await eventually(async () => {
    const all = [outside.text.toJSON(), ...(await texts())];
    return all.every(
      (text) => text === all[0] && text.includes('outside') && text.split('page').length === 3,
    );
  }, 'all have all');
  assert.equal((await pool.upgrades())['front-door http2'], 2, 'both of the page came over HTTP/2');
});
