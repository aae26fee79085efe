/**
 * Certificates of the front door, with real files and real clients: chosen by name, taken when files change while nobody is
 * disturbed, and refused in plain words.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { makeSelfSigned } from '../../proxy/tls/self-signed.ts';
import { Authority } from '../support/certificate.ts';
import { dayMs, makeFolder, put, shows, startTls } from '../support/certificate-folder.ts';
import { runCommand } from '../support/run-command.ts';
import { askHttp2, askTls, openHttp2, runOpenssl } from '../support/tls-client.ts';

test('each name gets its own certificate: the exact one, else a wildcard, else the default', async (t) => {
  const authority = new Authority(t);
  const folder = makeFolder(t);
  put(folder, 'zzz', authority.sign('DNS:a.example.com'));
  put(folder, 'one', authority.sign('DNS:*.example.com'));
  put(join(folder, 'nested'), 'tls', authority.sign('DNS:nested.test,DNS:also.test'));
  const certbot = authority.sign('DNS:certbot.test');
  mkdirSync(join(folder, 'certbot.test'));
  copyFileSync(certbot.certPath, join(folder, 'certbot.test', 'fullchain.pem'));
  copyFileSync(certbot.certPath, join(folder, 'certbot.test', 'cert.pem'));
  copyFileSync(certbot.keyPath, join(folder, 'certbot.test', 'privkey.pem'));
  const standard = authority.sign('DNS:default.test');
  const door = await startTls(t, {
    CT_TLS_CERT: standard.certPath,
    CT_TLS_KEY: standard.keyPath,
    CT_TLS_DIR: folder,
  });
  const table = {
    'a.example.com': 'a.example.com',
    'A.Example.COM': 'a.example.com',
    'b.example.com': '*.example.com',
    'b.c.example.com': 'default.test',
    'example.com': 'default.test',
    'also.test': 'nested.test',
    'certbot.test': 'certbot.test',
    'default.test': 'default.test',
    'unknown.test': 'default.test',
  };
  for (const [servername, first] of Object.entries(table)) {
    const { text } = await runOpenssl(
      door.httpsPort,
      '-servername',
      servername,
      '-CAfile',
      authority.own.certPath,
    );
    assert.match(text, /Verify return code: 0/, servername);
    const shown = await askTls(door.httpsPort, { servername });
    assert.equal(shown.names.split(', ')[0], `DNS:${first}`, servername);
    assert.equal(shown.status, 200);
  }
  const nameless = await askTls(door.httpsPort);
  assert.equal(nameless.names, 'DNS:default.test', 'a client that names no host gets the default');
  const metrics = await (await fetch(`${door.adminUrl}/metrics`)).text();
  assert.match(metrics, /ct_proxy_certificate_expiry_seconds\{name="\*\.example\.com"\} 1\d{9}/);
  assert.match(metrics, /ct_proxy_certificate_expiry_seconds\{name="default"\} 1\d{9}/);
});

test('a new certificate is taken while WebSockets and a session of HTTP/2 are open, and nobody notices, newcomers neither', async (t) => {
  const authority = new Authority(t);
  const folder = makeFolder(t);
  put(folder, 'tls', authority.sign('DNS:one.test'));
  const door = await startTls(t, { CT_TLS_DIR: folder });
  const ca = readFileSync(authority.own.certPath);
  const sockets = Array.from({ length: 20 }, () => {
    const headers = { ctstickiness: 'the-key' };
    const options = { ca, headers, servername: 'one.test', rejectUnauthorized: false };
    return new WebSocket(`wss://127.0.0.1:${door.httpsPort}/live`, options);
  });
  t.after(() => sockets.forEach((socket) => socket.terminate()));
  await Promise.all(sockets.map(async (socket) => await once(socket, 'message')));
  const session = await openHttp2(door.httpsPort);
  t.after(() => session.destroy());
  let closed = 0;
  session.on('close', () => closed++);
  sockets.forEach((socket) => socket.on('close', () => closed++));
  const ending = new AbortController();
  // A failed handshake rejects.
  const newcomers = Array.from({ length: 4 }, async () => {
    const statuses = new Set<number>();
    while (!ending.signal.aborted) statuses.add((await askTls(door.httpsPort)).status);
    return [...statuses];
  });
  for (const round of ['two', 'three', 'four']) {
    put(folder, 'tls', authority.sign(`DNS:${round}.test`));
    await shows(door, 'any.test', `DNS:${round}.test`);
    const echoes = sockets.map(async (socket) => {
      const echo = once(socket, 'message');
      socket.send(round);
      return String(((await echo) as [Buffer])[0]);
    });
    assert.deepEqual(
      await Promise.all(echoes),
      sockets.map(() => round),
    );
    assert.equal((await askHttp2(session)).headers[':status'], 200);
  }
  ending.abort();
  assert.deepEqual(await Promise.all(newcomers), [[200], [200], [200], [200]]);
  assert.equal(closed, 0);
  assert.ok((await door.metric('ct_proxy_certificate_reloads_total')) >= 3);
  session.close();
  sockets.forEach((socket) => socket.close());
});

test('a secret that Kubernetes swaps by a link is taken', async (t) => {
  const authority = new Authority(t);
  const folder = makeFolder(t);
  put(join(folder, '..2026_1'), 'tls', authority.sign('DNS:one.test'));
  symlinkSync('..2026_1', join(folder, '..data'));
  symlinkSync('..data/tls.crt', join(folder, 'tls.crt'));
  symlinkSync('..data/tls.key', join(folder, 'tls.key'));
  const files = { CT_TLS_CERT: join(folder, 'tls.crt'), CT_TLS_KEY: join(folder, 'tls.key') };
  const door = await startTls(t, { ...files, CT_TLS_DIR: folder });
  await shows(door, 'one.test', 'DNS:one.test');
  put(join(folder, '..2026_2'), 'tls', authority.sign('DNS:two.test'));
  symlinkSync('..2026_2', join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  rmSync(join(folder, '..2026_1'), { recursive: true });
  await shows(door, 'two.test', 'DNS:two.test');
});

test('half-written, mismatched, expired and missing files leave what was served, and the log says why', async (t) => {
  const authority = new Authority(t);
  const folder = makeFolder(t);
  const [first, second] = [authority.sign('DNS:one.test'), authority.sign('DNS:two.test')];
  put(folder, 'tls', first);
  const door = await startTls(t, { CT_TLS_DIR: folder });
  const certPath = join(folder, 'tls.crt');
  const keyPath = join(folder, 'tls.key');
  const refusedFor = async (reason: RegExp): Promise<void> => {
    await door.log.next(
      (line) => line.event === 'certificate.refused' && reason.test(String(line['reason'])),
      `a refusal: ${String(reason)}`,
    );
    assert.equal((await askTls(door.httpsPort, { servername: 'one.test' })).names, 'DNS:one.test');
    assert.equal(await door.metric('ct_proxy_certificates_refused'), 1);
  };
  const whole = readFileSync(second.certPath, 'utf8');
  writeFileSync(certPath, readFileSync(first.certPath, 'utf8') + whole.slice(0, 300));
  await refusedFor(/breaks off/);
  writeFileSync(certPath, whole);
  await refusedFor(/does not belong/);
  unlinkSync(keyPath);
  await refusedFor(/tls\.key cannot be read/);
  const expired = makeSelfSigned(['two.test'], Date.now() - 400 * dayMs);
  writeFileSync(certPath, expired);
  writeFileSync(keyPath, expired);
  await refusedFor(/has expired/);
  unlinkSync(certPath);
  await refusedFor(/there is no certificate/);
  put(folder, 'tls', second);
  await shows(door, 'one.test', 'DNS:two.test');
  assert.equal(await door.metric('ct_proxy_certificates_refused'), 0);
});

test('sessions of TLS go on through a change of certificates, by either version', async (t) => {
  const authority = new Authority(t);
  const folder = makeFolder(t);
  put(folder, 'default', authority.sign('DNS:default.test'));
  put(folder, 'named', authority.sign('DNS:named.test'));
  const door = await startTls(t, { CT_TLS_DIR: folder });
  const kinds = (['TLSv1.2', 'TLSv1.3'] as const).flatMap((maxVersion) =>
    ['named.test', 'default.test'].map((servername) => ({ maxVersion, servername })),
  );
  const before = await Promise.all(kinds.map(async (kind) => await askTls(door.httpsPort, kind)));
  assert.deepEqual(
    before.map(({ resumed, version }) => [resumed, version]),
    kinds.map(({ maxVersion }) => [false, maxVersion]),
  );
  put(folder, 'default', authority.sign('DNS:default.test,DNS:more.test'));
  put(folder, 'named', authority.sign('DNS:named.test,DNS:more.test'));
  await shows(door, 'default.test', 'DNS:default.test, DNS:more.test');
  await shows(door, 'named.test', 'DNS:named.test, DNS:more.test');
  for (const [index, kind] of kinds.entries()) {
    const { session } = before[index]!;
    const again = await askTls(door.httpsPort, { ...kind, ...(session === undefined ? {} : { session }) });
    assert.deepEqual([again.resumed, again.status], [true, 200], JSON.stringify(kind));
  }
});

test('the start is refused where a certificate cannot be served, with every reason', async (t) => {
  const authority = new Authority(t);
  const folder = makeFolder(t);
  put(folder, 'good', authority.sign('DNS:good.test'));
  put(folder, 'mixed', { ...authority.sign('DNS:mixed.test'), keyPath: authority.own.keyPath });
  writeFileSync(join(folder, 'lonely.crt'), readFileSync(authority.own.certPath));
  const env = {
    CT_BACKEND: 'a=http://127.0.0.1:1',
    CT_DATA_DIR: makeFolder(t),
    CT_HTTP_PORT: '0',
    CT_ADMIN_PORT: '0',
  };
  const run = await runCommand(t, ['proxy'], { ...env, CT_TLS_DIR: folder });
  assert.equal(run.code, 1);
  assert.match(run.stderr, /mixed\.key does not belong to the certificate .*mixed\.crt/);
  assert.match(run.stderr, /lonely\.key cannot be read/);
  const checked = await runCommand(t, ['check', '--role', 'proxy'], { ...env, CT_TLS_DIR: folder });
  assert.equal(checked.code, 2);
  assert.match(checked.stderr, /mixed\.key does not belong/, 'a check finds it before');
  const empty = await runCommand(t, ['proxy'], { ...env, CT_TLS_DIR: makeFolder(t) });
  assert.match(empty.stderr, /there is no certificate in/);
});
