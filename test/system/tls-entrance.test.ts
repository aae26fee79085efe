/**
 * Who gets in by HTTPS and how, with real clients: versions, handshakes that never end, HSTS, and what sends clients of plain HTTP
 * on.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { beginManyFrom } from '../support/client-address.ts';
import { ask, makeDataDir, startFrontDoor, until } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { startStaticBackend } from '../support/static-backend.ts';
import { openTlsScene as open } from '../support/tls-scene.ts';
import { askTls, runOpenssl } from '../support/tls-client.ts';

async function failures(door: FrontDoor, reason: string): Promise<number> {
  const text = await (await fetch(`${door.adminUrl}/metrics`)).text();
  return Number(
    new RegExp(`^ct_proxy_handshake_failures_total\\{reason="${reason}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0,
  );
}

/** Sends bytes below TLS, and waits until the door ends the connection. */
async function say(door: FrontDoor, bytes: string | Buffer): Promise<void> {
  const socket = connect(door.httpsPort, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume().write(bytes);
  await once(socket, 'close');
}

test('TLS 1.0 and 1.1 are refused, 1.2 and 1.3 served, and each failure is counted by its reason', async (t) => {
  const { door } = await open(t, { CT_HANDSHAKE_TIMEOUT_MS: '300' });
  // Security level 0 lets openssl's client offer what its default forbids.
  const old = ['-cipher', 'DEFAULT@SECLEVEL=0'];
  for (const version of ['-tls1', '-tls1_1']) {
    const { code, text } = await runOpenssl(door.httpsPort, version, ...old);
    assert.equal(code, 1, version);
    assert.match(text, /alert protocol version/, version);
  }
  for (const version of ['-tls1_2', '-tls1_3'])
    assert.equal((await runOpenssl(door.httpsPort, version)).code, 0, version);
  await until(async () => (await failures(door, 'version')) === 2, 'old versions are counted');
  const { text } = await runOpenssl(door.httpsPort, '-alpn', 'spdy/1');
  assert.match(text, /no application protocol/);
  assert.match((await runOpenssl(door.httpsPort, '-alpn', 'http/1.1')).text, /ALPN protocol: http\/1\.1/);
  await until(async () => (await failures(door, 'protocol')) === 1, 'a foreign protocol is counted');
  await runOpenssl(door.httpsPort, '-tls1_2', '-cipher', 'AES128-SHA', '-verify_return_error');
  await say(door, 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await until(async () => (await failures(door, 'plain-http')) === 1, 'HTTP without TLS is counted');
  await say(door, Buffer.from([22, 3, 1]));
  await until(async () => (await failures(door, 'timeout')) === 1, 'a handshake that never ends is cut');
  const leaving = connect(door.httpsPort, '127.0.0.1');
  await once(leaving, 'connect');
  leaving.destroy();
  await until(async () => (await failures(door, 'left')) >= 1, 'a client that leaves is counted');
  const lines = door.log.items.filter(({ event }) => event === 'handshakes.failed');
  assert.ok(lines.length <= 1, 'failures do not fill the log');
});

test('nobody gets a second handshake on one connection, whichever certificate it has, and others go on', async (t) => {
  const { door } = await open(t);
  for (const options of [{}, { servername: 'localhost' }, { ALPNProtocols: ['h2'] }]) {
    const socket = connectTls({
      port: door.httpsPort,
      maxVersion: 'TLSv1.2',
      rejectUnauthorized: false,
      ...options,
    });
    t.after(() => socket.destroy());
    await once(socket, 'secureConnect');
    const refused = new Promise<Error | null>((resolve) => {
      socket.once('error', resolve);
      socket.renegotiate({}, resolve);
    });
    assert.match(String(await refused), /no renegotiation/);
  }
  assert.equal((await askTls(door.httpsPort, { maxVersion: 'TLSv1.2' })).status, 200);
});

test('with TLS 1.3 as the least, 1.2 is refused', async (t) => {
  const { door } = await open(t, { CT_TLS_MIN_VERSION: 'TLSv1.3' });
  assert.match((await runOpenssl(door.httpsPort, '-tls1_2')).text, /alert protocol version/);
  assert.match((await runOpenssl(door.httpsPort)).text, /TLSv1\.3/);
  const named = await runOpenssl(door.httpsPort, '-tls1_2', '-servername', 'a.example.com');
  assert.match(named.text, /alert protocol version/);
});

test('HSTS is said once and over TLS alone, on answers of backends and of ours', async (t) => {
  const policy = 'max-age=31536000; includeSubDomains';
  const { door, backend } = await open(t, { CT_HSTS: policy });
  backend.handlers.set('/own', (_request, response) => {
    response.setHeader('Strict-Transport-Security', 'max-age=1');
    response.end('own policy');
  });
  const policies = (head: string): string[] =>
    [...head.matchAll(/^strict-transport-security: (.*)$/gim)].map(([, value]) => value!.trim());
  const paths = { '/page': 200, '/own': 200, '/%2e%2e/': 400 };
  for (const [path, status] of Object.entries(paths)) {
    const answer = await askTls(door.httpsPort, { target: path });
    assert.deepEqual([answer.status, policies(answer.head)], [status, [policy]], path);
  }
  const broken = await askTls(door.httpsPort, { target: '/ x' });
  assert.deepEqual([broken.status, policies(broken.head)], [400, [policy]], 'what is no request at all');
  const plain = await ask(door, '/page', { headers: { ctstickiness: 'the-key' } });
  assert.equal(plain.headers['strict-transport-security'], undefined);
  const socket = new WebSocket(`wss://127.0.0.1:${door.httpsPort}/live`, {
    headers: { ctstickiness: 'the-key' },
    rejectUnauthorized: false,
  });
  t.after(() => socket.terminate());
  const [upgrade] = (await once(socket, 'upgrade')) as [{ headers: Record<string, string> }];
  assert.equal(upgrade.headers['strict-transport-security'], policy);
  socket.close();
});

test('plain HTTP is sent on to HTTPS, and nowhere else', async (t) => {
  const folder = makeDataDir(t);
  const { door, backend } = await open(t, { CT_HTTPS_REDIRECT: 'on', CT_ACME_DIR: folder });
  const tokens = join(folder, '.well-known/acme-challenge');
  mkdirSync(tokens, { recursive: true });
  writeFileSync(join(tokens, 'a-token_1'), 'a-token_1.thumbprint');
  writeFileSync(join(folder, 'secret'), 'no challenge');
  const to = async (host: string, path = '/page?x=1', method = 'GET'): Promise<string> => {
    const answer = await ask(door, path, { method, headers: { host } });
    return `${answer.status} ${answer.headers.location ?? answer.json.code}`;
  };
  const port = door.httpsPort;
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'])
    assert.equal(
      await to('a.example.com', '/page?x=1', method),
      `308 https://a.example.com:${port}/page?x=1`,
    );
  assert.equal(await to('LOCALHOST:80'), `308 https://localhost:${port}/page?x=1`);
  assert.equal(await to('localhost', '//evil.test/'), `308 https://localhost:${port}//evil.test/`);
  assert.equal(await to('localhost', `http://localhost/x`), `308 https://localhost:${port}/x`);
  for (const host of ['evil.test', 'example.com', 'a.b.example.com', 'evil.test:443'])
    assert.equal(await to(host), '421 host-unknown', host);
  for (const host of [
    'a&.example.com',
    'a.example.com@evil.test',
    'a.example.com/evil',
    'a.example.com evil.test',
  ])
    assert.match(await to(host), /^400 /, host);
  assert.equal(backend.requests.length, 0, 'nothing got behind the front door');
  const socket = new WebSocket(`ws://localhost:${door.port}/live`, {
    followRedirects: true,
    rejectUnauthorized: false,
  });
  t.after(() => socket.terminate());
  await once(socket, 'message');
  assert.match(socket.url, /^wss:/, 'a WebSocket follows as well');
  socket.close();
  const health = await ask(door, '/ct-health', { headers: { ctstickiness: 'some-key' } });
  assert.deepEqual([health.status, (JSON.parse(health.text) as { ready: number }).ready], [200, 1]);
  const challenge = '/.well-known/acme-challenge/';
  assert.equal((await ask(door, `${challenge}a-token_1`)).text, 'a-token_1.thumbprint');
  assert.equal((await askTls(port, { target: `${challenge}a-token_1` })).body, 'a-token_1.thumbprint');
  const statuses = {
    unknown: 404,
    '': 404,
    '..%2f..%2fsecret': 400,
    'a/b': 404,
    '.hidden': 404,
    'a-token_1?x': 200,
  };
  for (const [token, status] of Object.entries(statuses))
    assert.equal((await ask(door, challenge + token)).status, status, token);
  assert.equal((await ask(door, `${challenge}a-token_1`, { method: 'POST' })).status, 405);
});

test('behind a trusted proxy that ended TLS nobody is sent on, and a port of one’s own is named', async (t) => {
  const { door } = await open(t, {
    CT_HTTPS_REDIRECT: 'on',
    CT_HTTPS_PUBLIC_PORT: '443',
    CT_TRUSTED_PROXIES: '127.0.0.1',
  });
  const headers = { ctstickiness: 'the-key', host: 'localhost' };
  const forwarded = await ask(door, '/page', { headers: { ...headers, 'x-forwarded-proto': 'https' } });
  assert.equal(forwarded.status, 200);
  assert.equal((await ask(door, '/page', { headers })).headers.location, 'https://localhost/page');
});

test('without a certificate the front door makes itself one, keeps it and tells its fingerprint', async (t) => {
  const backend = await startStaticBackend(t, 'a');
  const dataDir = makeDataDir(t);
  const settings = { CT_SELF_SIGNED: 'yes' };
  const door = await startFrontDoor(t, { backends: [backend], settings, dataDir });
  const shown = await askTls(door.httpsPort);
  assert.equal(shown.status, 200);
  const path = join(dataDir, 'self-signed.pem');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const printed = execFileSync('openssl', ['x509', '-in', path, '-noout', '-fingerprint', '-sha256'], {
    encoding: 'utf8',
  });
  assert.ok(printed.includes(shown.fingerprint));
  const line = await door.log.next(({ event }) => event === 'certificates.loaded', 'the fingerprint');
  assert.ok(JSON.stringify(line).includes(shown.fingerprint));
  const trusted = await runOpenssl(
    door.httpsPort,
    '-CAfile',
    path,
    '-verify_hostname',
    'localhost',
    '-verify_return_error',
  );
  assert.match(trusted.text, /Verify return code: 0/);
  await door.kill();
  const next = await startFrontDoor(t, { backends: [backend], settings, dataDir });
  assert.equal((await askTls(next.httpsPort)).fingerprint, shown.fingerprint);
});

test('behind a crowd from its address a client has its handshake in its turn, and is served', async (t) => {
  const { door } = await open(t, { CT_LIMIT_EXEMPT: '127.0.0.1' });
  const waits = async (): Promise<number> => await door.metric('ct_proxy_entry_waits_total');
  const [last] = beginManyFrom(t, door.port, { address: '127.0.0.2', count: 1_000 }).slice(-1);
  await until(async () => (await waits()) > 900, 'nearly all wait');
  const before = await waits();
  const crowd = Array.from({ length: 10 }, async () => {
    return await askTls(door.httpsPort, { localAddress: '127.0.0.2' });
  });
  const answers = await Promise.all(crowd);
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.ok((await waits()) >= before + 10, 'each of them waited');
  last!.send('GET / HTTP/1.1\r\nHost: door.test\r\nctstickiness: k\r\n\r\n');
  assert.equal((await last!.answer()).status, 200);
});
