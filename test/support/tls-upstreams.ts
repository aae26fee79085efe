/**
 * Edges and static backends behind `https://`, with an authority that openssl makes for the test, as tests on a transport that the
 * caller names: bytes go both ways as over plain connections, and who does not prove who it is gets nothing, least of all
 * without TLS.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { connect, createServer as createPlainServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { request } from '#shared/node-http.ts';
import { WebSocket } from 'ws';
import { freePort } from './free-port.ts';
import { Authority } from './certificate.ts';
import type { Certificate } from './certificate.ts';
import { startEdgeOf } from './edge-process.ts';
import { ask, isReady, startFrontDoor, until } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';
import { startStaticBackend } from './static-backend.ts';

const here = 'DNS:localhost,IP:127.0.0.1';
const headers = { ctstickiness: 'the-key' };
const bodyBytes = 1_048_576;

/** Declares the tests. */
export function testTlsUpstreams(native: 'off' | 'required'): void {
  testBothWays(native);
  testBreaks(native);
  testStranger(native);
  testAnyCertificate(native);
  testEdges(native);
}

function testBothWays(native: string): void {
  void test(`bodies and WebSocket messages go both ways to a backend behind TLS (native sockets ${native})`, async (t) => {
    const authority = new Authority(t);
    const backend = await startStaticBackend(t, 'a', { certificate: authority.sign(here) });
    const settings = { CT_NATIVE_SOCKETS: native, CT_UPSTREAM_CA: authority.own.certPath };
    const door = await startFrontDoor(t, { backends: [backend], settings });
    const body = 'x'.repeat(bodyBytes);
    const posted = await ask(door, '/page', { headers, method: 'POST', body });
    assert.deepEqual([posted.status, posted.json.backend, posted.json.body === body], [200, 'a', true]);
    assert.equal((await ask(door, '/page', { headers })).status, 200, 'the connection is used again');
    const socket = new WebSocket(`ws://${door.host}/live`, { headers });
    t.after(() => socket.terminate());
    await once(socket, 'message');
    socket.send(body);
    const [echo] = (await once(socket, 'message')) as [Buffer];
    assert.equal(echo.toString(), body);
    socket.close();
    await once(socket, 'close');
  });
}

function testBreaks(native: string): void {
  void test(`a break on either side of a backend behind TLS reaches the other (native sockets ${native})`, async (t) => {
    const authority = new Authority(t);
    const backend = await startStaticBackend(t, 'a', { certificate: authority.sign(here) });
    const settings = { CT_NATIVE_SOCKETS: native, CT_UPSTREAM_CA: authority.own.certPath };
    const door = await startFrontDoor(t, { backends: [backend], settings });
    const left = Promise.withResolvers<void>();
    backend.handlers.set('/endless', (_request, response) => {
      response.writeHead(200).write('the first part');
      response.once('close', left.resolve);
    });
    backend.handlers.set('/broken', (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('the first part');
      response.socket?.end();
    });
    const leaving = await open(door, '/endless');
    await once(leaving, 'data');
    leaving.destroy();
    await left.promise;
    const broken = await open(door, '/broken');
    await assert.rejects(
      async () => {
        for await (const _ of broken) continue;
      },
      { code: 'ECONNRESET' },
    );
    const settled = await door.log.next((line) => line['code'] === 'upstream-broken', 'the break is logged');
    assert.equal(settled.event, 'exchange.failed');
  });
}

function testStranger(native: string): void {
  void test(`a backend whose certificate nobody vouches for gets nothing, and the log says why (native sockets ${native})`, async (t) => {
    const stranger = await startStaticBackend(t, 'a', { certificate: new Authority(t).sign(here) });
    stranger.passesChecks = false;
    const settings = { CT_NATIVE_SOCKETS: native, CT_UPSTREAM_CA: new Authority(t).own.certPath };
    const door = await startFrontDoor(t, { backends: [stranger], settings });
    const refused = await ask(door, '/page', { headers });
    assert.deepEqual([refused.status, refused.json.code], [503, 'no-edge']);
    const line = await door.log.next((line) => line.event === 'edge.suspected', 'the backend is suspected');
    assert.match(String(line['cause']), /UNABLE_TO_VERIFY_LEAF_SIGNATURE/);
    assert.equal(stranger.rawText, '');
  });
}

function testAnyCertificate(native: string): void {
  void test(`any certificate will do where the settings say so, and the log warns of it (native sockets ${native})`, async (t) => {
    const stranger = await startStaticBackend(t, 'a', {
      certificate: new Authority(t).sign('DNS:elsewhere'),
    });
    const settings = { CT_NATIVE_SOCKETS: native, CT_TRUST_ALL_CERTS: 'true' };
    const door = await startFrontDoor(t, { backends: [stranger], settings });
    assert.equal((await ask(door, '/page', { headers })).json.backend, 'a');
    await door.log.next((line) => line.event === 'certificates.ignored', 'the warning');
  });
}

function testEdges(native: string): void {
  void test(`an edge behind TLS serves, and one with another’s name is refused without a plain byte (native sockets ${native})`, async (t) => {
    const authority = new Authority(t);
    const settings = { CT_NATIVE_SOCKETS: native, CT_UPSTREAM_CA: authority.own.certPath };
    const door = await startFrontDoor(t, { settings });
    const good = await startEdgeBehindTls(t, door, 'good', authority.sign(here));
    assert.equal((await ask(door, '/ct-health/', { headers })).status, 200);
    assert.ok(good.opened > 0);

    const other = await startFrontDoor(t, { settings });
    const bad = await startEdgeBehindTls(t, other, 'bad', authority.sign('DNS:elsewhere.test'));
    const refused = await ask(other, '/ct-health/', { headers });
    assert.deepEqual([refused.status, refused.json.code], [502, 'upstream-untrusted']);
    const socket = new WebSocket(`ws://${other.host}/y/the-key/notes`);
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    assert.equal(response.statusCode, 502);
    const line = await other.log.next((line) => line['code'] === 'upstream-untrusted', 'the refusal');
    assert.deepEqual([line.event, line.level], ['exchange.failed', 'error']);
    assert.match(JSON.stringify(line), /ERR_TLS_CERT_ALTNAME_INVALID/);
    assert.equal(bad.opened, 0, 'nothing came through to the edge');
    assert.ok(bad.firstBytes.length > 0);
    assert.deepEqual(new Set(bad.firstBytes), new Set([tlsHandshakeRecord]), 'all began with TLS');
  });
}

/** RFC 8446 section 5.1. */
const tlsHandshakeRecord = 22;

interface TlsDoor {
  /** Connections that came through. */
  opened: number;
  /** The first byte of each connection, also of those that did not. */
  readonly firstBytes: number[];
}

/** An edge that front doors reach through a TLS end of its own, as behind a sidecar. */
async function startEdgeBehindTls(
  t: TestContext,
  door: FrontDoor,
  id: string,
  { certPath, keyPath }: Certificate,
): Promise<TlsDoor> {
  const seen: TlsDoor = { opened: 0, firstBytes: [] };
  const edgePort = await freePort();
  const secure = createTlsServer({ cert: readFileSync(certPath), key: readFileSync(keyPath) }, (socket) => {
    seen.opened++;
    join(socket, connect(edgePort, '127.0.0.1'));
  });
  secure.on('tlsClientError', () => undefined);
  const securePort = await listenOn(t, secure);
  const watch = createPlainServer((socket) => {
    socket.once('data', (bytes) => seen.firstBytes.push(bytes[0]!));
    join(socket, connect(securePort, '127.0.0.1'));
  });
  const port = await listenOn(t, watch);
  startEdgeOf(t, [door], id, {
    CT_EDGE_PORT: String(edgePort),
    CT_EDGE_ADDRESS: `https://127.0.0.1:${port}`,
  });
  await until(async () => (await door.edges()).some(isReady), `${id} is ready`);
  return seen;
}

function join(a: Socket, b: Socket): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.on('error', () => to.destroy()).on('close', () => to.destroy());
    from.pipe(to);
  }
}

async function listenOn(t: TestContext, server: ReturnType<typeof createPlainServer>): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

async function open(door: FrontDoor, path: string): Promise<IncomingMessage> {
  const sent = request({ host: '127.0.0.1', port: door.port, path, headers, agent: false });
  sent.on('error', () => undefined).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  return response;
}
