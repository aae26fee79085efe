/**
 * Clients behind proxies that speak the PROXY protocol: who the client is comes from the header, where the proxy is listed, and
 * from nowhere else. Byte by byte against a real front door, plain and over TLS.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { after, test } from 'node:test';
import { formatProxyHeader } from '../../proxy/proxied/format-proxy-header.ts';
import { Authority } from '../support/certificate.ts';
import type { Lifetime } from '../support/child-end.ts';
import { openFrom } from '../support/client-address.ts';
import { startFrontDoor, until } from '../support/front-door.ts';
import type { FrontDoor, LogLine } from '../support/front-door.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import { startStaticBackend, valuesOf } from '../support/static-backend.ts';
import type { StaticBackend } from '../support/static-backend.ts';

/** A listed proxy, and somebody else. */
const proxy = '127.0.0.2';
const stranger = '127.0.0.3';
const client = '203.0.113.5';
const line = `PROXY TCP4 ${client} 192.0.2.1 4711 443\r\n`;

interface Scene {
  readonly door: FrontDoor;
  readonly backend: StaticBackend;
  /** Lines of the log that are not of this test. */
  readonly linesBefore: number;
}

async function start(t: Lifetime, settings: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const backend = await startStaticBackend(t, 'a');
  const all = { CT_PROXY_PROTOCOL_FROM: `${proxy}/32`, ...settings };
  return { backend, linesBefore: 0, door: await startFrontDoor(t, { backends: [backend], settings: all }) };
}

const { certPath, keyPath } = new Authority({ after }).sign('DNS:localhost,IP:127.0.0.1');
const tls = { CT_TLS_CERT: certPath, CT_TLS_KEY: keyPath, CT_HTTPS_PORT: '0' };
/** For tests that need no other settings, each of which asks for paths of its own. */
const shared = await start({ after }, tls);

function sharedScene(): Scene {
  return { ...shared, linesBefore: shared.door.log.items.length };
}

/** What the backend got by a path. */
function seenAt({ backend }: Scene, path: string): StaticBackend['requests'] {
  return backend.requests.filter(({ target }) => target === path);
}

function request(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: door.test\r\nctstickiness: k\r\n\r\n`;
}

/** The client as the backend is told, and as the log has it. */
async function clientOf(
  { door, backend, linesBefore }: Scene,
  connection: RawConnection,
  path: string,
): Promise<string> {
  assert.equal((await connection.answer()).status, 200);
  const seen = backend.requests.find(({ target }) => target === path)!;
  const [forwarded] = valuesOf(seen, 'x-forwarded-for')[0]!.split(', ');
  const isOfClient = (item: LogLine): boolean =>
    item.event === 'exchange.settled' && item['client'] === forwarded;
  await door.log.after(linesBefore, isOfClient, 'the log has the same client');
  return forwarded!;
}

test('the client is who the header of a listed proxy says, for each request of the connection', async (t) => {
  const scene = sharedScene();
  const headers = {
    v1: line,
    v2: formatProxyHeader('v2', { address: client, isSecure: false }),
  };
  for (const [version, header] of Object.entries(headers)) {
    const connection = await openFrom(t, scene.door.port, proxy);
    const first = Buffer.concat([Buffer.from(header), Buffer.from(request(`/${version}-1`))]);
    connection.send(first);
    assert.equal(await clientOf(scene, connection, `/${version}-1`), client);
    connection.send(request(`/${version}-2`));
    assert.equal(await clientOf(scene, connection, `/${version}-2`), client);
  }
});

test('a header may come in pieces of any size', async (t) => {
  const { door } = shared;
  const header = formatProxyHeader('v2', { address: client, isSecure: false });
  const bytes = Buffer.concat([header, Buffer.from(request('/pieces'))]);
  await Promise.all(
    Array.from({ length: header.length + 1 }, async (_, cut) => {
      const connection = await openFrom(t, door.port, proxy);
      connection.socket.setNoDelay(true);
      connection.send(bytes.subarray(0, cut));
      await until(() => Promise.resolve(connection.socket.writableLength === 0), 'sent');
      connection.send(bytes.subarray(cut));
      assert.equal((await connection.answer()).status, 200, `cut after ${cut} bytes`);
    }),
  );
  const arrived = seenAt(shared, '/pieces');
  assert.equal(arrived.length, header.length + 1);
  for (const seen of arrived) assert.deepEqual(valuesOf(seen, 'x-forwarded-for'), [client]);
});

test('a proxy that speaks for itself is the client', async (t) => {
  const scene = sharedScene();
  const local = formatProxyHeader('v2', { address: undefined, isSecure: false });
  for (const [name, header] of [
    ['local', local],
    ['unknown', 'PROXY UNKNOWN\r\n'],
  ] as const) {
    const connection = await openFrom(t, scene.door.port, proxy);
    connection.send(header);
    connection.send(request(`/${name}`));
    assert.equal(await clientOf(scene, connection, `/${name}`), proxy);
  }
});

test('a listed proxy without a good header is refused, and told so in the log and a metric', async (t) => {
  const { door, backend } = await start(t, { CT_HEAD_TIMEOUT_MS: '300' });
  for (const bytes of [
    request('/without'),
    'PROXY TCP4 example.org 192.0.2.1 1 2\r\n',
    Buffer.from([22, 3, 1]),
  ]) {
    const connection = await openFrom(t, door.port, proxy);
    connection.send(bytes);
    const answer = await connection.answer();
    assert.deepEqual([answer.status, JSON.parse(answer.body).code], [400, 'proxy-header-invalid']);
    await connection.whenEnded();
  }
  const late = await openFrom(t, door.port, proxy);
  late.send('PROXY TCP4 203.');
  const answer = await late.answer();
  assert.deepEqual([answer.status, JSON.parse(answer.body).code], [408, 'request-timeout']);
  assert.deepEqual(backend.requests, []);
  const refused = await door.log.next((item) => item.event === 'clients.refused', 'the log tells');
  assert.deepEqual([refused['code'], refused['client']], ['proxy-header-invalid', proxy]);
  assert.equal(await door.metric('ct_proxy_rejected_total'), 4);
});

test('who is not listed and sends a header is refused as a bad request', async (t) => {
  const { door } = shared;
  for (const header of [line, formatProxyHeader('v2', { address: client, isSecure: false })]) {
    const connection = await openFrom(t, door.port, stranger);
    connection.send(header);
    connection.send(request('/claimed'));
    const answer = await connection.answer();
    assert.deepEqual([answer.status, JSON.parse(answer.body).code], [400, 'request-malformed']);
    await connection.whenEnded();
  }
  assert.deepEqual(seenAt(shared, '/claimed'), []);
});

test('a client that came to its proxy over TLS gets cookies for TLS', async (t) => {
  const { door } = shared;
  for (const isSecure of [true, false]) {
    const connection = await openFrom(t, door.port, proxy);
    connection.send(formatProxyHeader('v2', { address: client, isSecure }));
    connection.send('GET / HTTP/1.1\r\nHost: door.test\r\n\r\n');
    const cookie = (await connection.answer()).headers['set-cookie']!;
    assert.equal(cookie.endsWith('; Secure'), isSecure, cookie);
  }
});

test('claims in X-Forwarded-For do not count behind a header', async (t) => {
  const scene = sharedScene();
  const connection = await openFrom(t, scene.door.port, proxy);
  connection.send(
    `${line}GET /forged HTTP/1.1\r\nHost: door.test\r\nctstickiness: k\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n`,
  );
  assert.equal(await clientOf(scene, connection, '/forged'), client);
});

test('before TLS the header is the same: required of the listed, refused from others', async (t) => {
  const { door, backend } = await start(t, { ...tls, CT_HEAD_TIMEOUT_MS: '500' });
  for (const [at, header] of [line, formatProxyHeader('v2', { address: client, isSecure: true })].entries()) {
    const raw = await openFrom(t, door.httpsPort, proxy);
    raw.send(header);
    const secure = connectTls({ socket: raw.socket, ca: [], rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    secure.write(request(`/tls-${at}`));
    const [answer] = (await once(secure, 'data')) as [Buffer];
    assert.match(answer.toString('latin1'), /^HTTP\/1\.1 200 /);
    const seen = backend.requests.find(({ target }) => target === `/tls-${at}`)!;
    assert.deepEqual(valuesOf(seen, 'x-forwarded-for'), [client]);
    assert.deepEqual(valuesOf(seen, 'x-forwarded-proto'), ['https']);
  }
  for (const [from, header] of [
    [stranger, line],
    [proxy, ''],
  ] as const) {
    const raw = await openFrom(t, door.httpsPort, from);
    raw.send(header);
    const secure = connectTls({ socket: raw.socket, rejectUnauthorized: false });
    const [error] = (await once(secure, 'error')) as [NodeJS.ErrnoException];
    assert.ok(error instanceof Error);
  }
  assert.equal(backend.requests.length, 2);
});

test('a proxy that resets in the middle of its header, as one that only looks does, harms nobody', async (t) => {
  const { door } = shared;
  const isEmpty = async (): Promise<boolean> => (await door.metric('ct_proxy_connections_open')) === 0;
  await until(isEmpty, 'nobody is there');
  for (const port of [door.port, door.httpsPort]) {
    const connected = await door.metric('ct_proxy_connections_open');
    const raw = await openFrom(t, port, proxy);
    raw.send(line.slice(0, 10));
    await until(async () => (await door.metric('ct_proxy_connections_open')) > connected, 'it is there');
    raw.socket.resetAndDestroy();
    await until(async () => (await door.metric('ct_proxy_connections_open')) === connected, 'it is gone');
  }
});

test('behind a trusted proxy that writes Forwarded the client is who that says, and nobody else', async (t) => {
  const settings = { CT_TRUSTED_PROXIES: proxy, CT_TRUSTED_HEADER: 'forwarded', CT_PROXY_PROTOCOL_FROM: '' };
  const scene = await start(t, settings);
  for (const [from, expected] of [
    [proxy, client],
    [stranger, stranger],
  ] as const) {
    const connection = await openFrom(t, scene.door.port, from);
    const claims = `Forwarded: for=198.51.100.9, for="${client}:4711";proto=https\r\nX-Forwarded-For: 198.51.100.1\r\n`;
    connection.send(`GET /from-${from} HTTP/1.1\r\nHost: door.test\r\nctstickiness: k\r\n${claims}\r\n`);
    assert.equal(await clientOf(scene, connection, `/from-${from}`), expected);
  }
});
