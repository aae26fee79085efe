/** HTTPS and WSS at the front door, with a certificate that openssl makes for the test. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { once } from 'node:events';
import { Authority } from '../support/certificate.ts';
import { selfSignedPath } from '#shared/self-signed-file.ts';
import { openPool, startPool } from '../support/pool.ts';
import { askTls } from '../support/tls-client.ts';

async function get(
  url: string,
  ca: Buffer,
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number;
    headers: IncomingHttpHeaders;
    body: string;
  }>();
  const asked = request(url, { ca, agent: false }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => (body += text));
    response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
  });
  asked.on('error', reject).end();
  return await promise;
}

test('over TLS a session is reached like over plain HTTP, and its cookie is Secure', async (t) => {
  const authority = new Authority(t);
  const { certPath, keyPath } = authority.sign('DNS:localhost,IP:127.0.0.1');
  const pool = await startPool(t, { env: { CT_EDGES: '2', CT_TLS_CERT: certPath, CT_TLS_KEY: keyPath } });
  const ca = readFileSync(authority.own.certPath);
  const secureUrl = `https://localhost:${pool.ports['https']}`;
  assert.match(pool.readyLine, new RegExp(`https://127\\.0\\.0\\.1:${pool.ports['https']}`));
  const health = await get(`${secureUrl}/~secret-key/ct-health/`, ca);
  assert.equal(health.status, 200);
  assert.equal((JSON.parse(health.body) as { edge: string }).edge, await pool.edgeOf('secret-key'));
  assert.match(
    String(health.headers['set-cookie']),
    /^ctstickiness=secret-key; Path=\/~secret-key\/; .*Secure$/,
  );

  const socket = new WebSocket(`wss://localhost:${pool.ports['https']}/y/secret-key/notes`, { ca });
  t.after(() => socket.terminate());
  const [first] = (await once(socket, 'message')) as [Buffer];
  assert.equal(first[0], 0, 'the edge begins with a message of the sync protocol');
  assert.deepEqual(await pool.upgrades(), { 'front-door tls': 1 }, 'TLS ends in the front door');
});

test('without a certificate a pool makes itself one on request, and tells its fingerprint', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '1', CT_SELF_SIGNED: 'yes' } });
  const port = pool.ports['https']!;
  assert.match(pool.readyLine, new RegExp(`https://127\\.0\\.0\\.1:${port}`));
  const shown = await askTls(port, { target: '/ct-health' });
  assert.equal(shown.status, 200);
  assert.match(pool.output, new RegExp(`^self-signed certificate, SHA-256 ${shown.fingerprint}$`, 'm'));
  const trusting = await get(
    `https://localhost:${port}/api/meta`,
    readFileSync(selfSignedPath(pool.dataDir)),
  );
  assert.equal(trusting.status, 200, 'whoever has the file can trust it');
});

test('a certificate that is not there stops the start with a readable line', async (t) => {
  const { keyPath } = new Authority(t).own;
  const { pool, close } = openPool({
    env: { CT_EDGES: '1', CT_TLS_CERT: '/nowhere/cert.pem', CT_TLS_KEY: keyPath },
  });
  await assert.rejects(pool.waitUntilReady(), /\/nowhere\/cert\.pem cannot be read: ENOENT/);
  await assert.rejects(close(), /the pool ended with \{"code":1/);
});
