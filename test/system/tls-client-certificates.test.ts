/** Clients that prove who they are by a certificate, over each version of TLS and of HTTP; and those who cannot. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { Authority } from '../support/certificate.ts';
import { ask, until } from '../support/front-door.ts';
import { askHttp2, askTls, openHttp2 } from '../support/tls-client.ts';
import { openTlsScene as open } from '../support/tls-scene.ts';

test('a client proves who it is, the backend is told, and nobody can say it for himself', async (t) => {
  const clients = new Authority(t);
  const wanted = { CT_TLS_CLIENT_CERTS: 'optional', CT_TLS_CLIENT_CA: clients.own.certPath };
  const { door, backend } = await open(t, wanted);
  const alice = clients.sign('DNS:alice', '/C=CH/O=Acme, Inc./CN=alice');
  const mallory = new Authority(t).sign('DNS:alice', '/CN=alice');
  const show = (pair: { certPath: string; keyPath: string }): { cert: Buffer; key: Buffer } => ({
    cert: readFileSync(pair.certPath),
    key: readFileSync(pair.keyPath),
  });
  const subjects = (): string[] => {
    const { headers } = backend.requests.at(-1)!;
    return headers.filter((_, at) => at % 2 === 1 && headers[at - 1] === 'x-ct-client-subject');
  };
  const forged = 'ctstickiness: the-key\r\nx-ct-client-subject: CN=root\r\nX-CT-Client-Subject: CN=root\r\n';
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const proved = await askTls(door.httpsPort, { ...show(alice), maxVersion, headers: forged });
    assert.deepEqual([proved.status, subjects()], [200, ['CN=alice,O=Acme\\, Inc.,C=CH']]);
    const session = proved.session === undefined ? {} : { session: proved.session };
    const resumed = await askTls(door.httpsPort, { ...show(alice), maxVersion, ...session });
    assert.deepEqual([resumed.resumed, subjects()], [true, ['CN=alice,O=Acme\\, Inc.,C=CH']]);
    const nobody = await askTls(door.httpsPort, { maxVersion, headers: forged });
    assert.deepEqual([nobody.status, subjects()], [200, []]);
    const refused = await askTls(door.httpsPort, { ...show(mallory), maxVersion });
    assert.equal(refused.status, 403);
    assert.match(refused.body, /"client-certificate-invalid".*no authority that is trusted here/);
  }
  const aliased = await askTls(door.httpsPort, {
    headers: 'ctstickiness: k\r\nx_ct_client_subject: CN=root\r\n',
  });
  assert.equal(aliased.status, 400);
  assert.equal(
    (await ask(door, '/page', { headers: { ctstickiness: 'k', 'x-ct-client-subject': 'CN=root' } })).status,
    200,
  );
  assert.deepEqual(subjects(), []);
});

test('where a certificate is required nobody gets in without one, by plain HTTP neither', async (t) => {
  const clients = new Authority(t);
  const { door, backend } = await open(t, {
    CT_TLS_CLIENT_CERTS: 'required',
    CT_TLS_CLIENT_CA: clients.own.certPath,
  });
  const { certPath, keyPath } = clients.sign('DNS:alice', '/CN=alice');
  const pair = { cert: readFileSync(certPath), key: readFileSync(keyPath) };
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const servername of ['localhost', 'a.example.com']) {
      const nobody = await askTls(door.httpsPort, { maxVersion, servername });
      assert.equal(nobody.status, 403);
      assert.match(nobody.body, /"client-certificate-missing","message":"This server asks for a certificate/);
      const session = nobody.session === undefined ? {} : { session: nobody.session };
      const resumed = await askTls(door.httpsPort, { maxVersion, servername, ...session });
      assert.equal(resumed.status, 403, 'a resumed session proves nothing');
      assert.equal((await askTls(door.httpsPort, { maxVersion, servername, ...pair })).status, 200);
    }
  }
  const socket = new WebSocket(`wss://127.0.0.1:${door.httpsPort}/live`, { rejectUnauthorized: false });
  const [error] = (await once(socket, 'error')) as [Error];
  assert.match(error.message, /403/);
  assert.equal((await ask(door, '/page')).json.code, 'client-certificate-missing');
  const health = { target: '/ct-health/', headers: 'ctstickiness: a-new-key\r\n' };
  assert.match(
    (await askTls(door.httpsPort, health)).body,
    /"ready":1/,
    'the health of the pool is no secret',
  );
  assert.equal(
    (await door.edges()).reduce((sum, { pins }) => sum + pins, 0),
    1,
    'and places no key',
  );
  assert.equal(backend.requests.length, 4);
});

test('HTTP/2 has the same door: HSTS once, and certificates of clients', async (t) => {
  const clients = new Authority(t);
  const { door, backend } = await open(t, {
    CT_HSTS: 'max-age=60',
    CT_TLS_CLIENT_CERTS: 'required',
    CT_TLS_CLIENT_CA: clients.own.certPath,
  });
  const { certPath, keyPath } = clients.sign('DNS:alice', '/CN=alice');
  const proved = await openHttp2(door.httpsPort, {
    cert: readFileSync(certPath),
    key: readFileSync(keyPath),
  });
  t.after(() => proved.destroy());
  const served = await askHttp2(proved, { 'x-ct-client-subject': 'CN=root' });
  assert.deepEqual(
    [served.headers[':status'], served.headers['strict-transport-security']],
    [200, 'max-age=60'],
  );
  const { headers } = backend.requests.at(-1)!;
  const subjects = headers.filter((_, at) => at % 2 === 1 && headers[at - 1] === 'x-ct-client-subject');
  assert.deepEqual(subjects, ['CN=alice']);
  const nameless = await openHttp2(door.httpsPort);
  t.after(() => nameless.destroy());
  const refused = await askHttp2(nameless);
  assert.match(refused.body, /"client-certificate-missing"/);
  assert.deepEqual(
    [refused.headers[':status'], refused.headers['strict-transport-security']],
    [403, 'max-age=60'],
  );
  proved.close();
  nameless.close();
});

test('whoever was proved by an authority that is trusted no more has to prove it again', async (t) => {
  const [before, after] = [new Authority(t), new Authority(t)];
  const folder = mkdtempSync(join(tmpdir(), 'mooring-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const authorities = join(folder, 'clients.pem');
  writeFileSync(authorities, readFileSync(before.own.certPath));
  const { door } = await open(t, { CT_TLS_CLIENT_CERTS: 'required', CT_TLS_CLIENT_CA: authorities });
  const { certPath, keyPath } = before.sign('DNS:alice');
  const pair = { cert: readFileSync(certPath), key: readFileSync(keyPath) };
  const first = await askTls(door.httpsPort, pair);
  assert.equal(first.status, 200);
  writeFileSync(authorities, readFileSync(after.own.certPath));
  await until(async () => (await askTls(door.httpsPort, pair)).status === 403, 'the authority is gone');
  const again = await askTls(door.httpsPort, { ...pair, ...(first.session && { session: first.session }) });
  assert.deepEqual([again.resumed, again.status], [false, 403]);
});
