/**
 * The PROXY protocol with proxies that no one here wrote, in front and behind: HAProxy and nginx tell who the client is, and are told.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { freePort } from '../support/free-port.ts';
import { Authority } from '../support/certificate.ts';
import { openFrom } from '../support/client-address.ts';
import { startFrontDoor, until } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { startHaproxy, startNginx } from '../support/proxy-program.ts';
import { startStaticBackend, valuesOf } from '../support/static-backend.ts';
import type { StaticBackend } from '../support/static-backend.ts';

/** Where the proxy comes from, and its client. */
const proxy = '127.0.0.2';
const client = '127.0.0.7';

interface Scene {
  readonly door: FrontDoor;
  readonly backend: StaticBackend;
}

async function start(t: TestContext, settings: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const backend = await startStaticBackend(t, 'a');
  const all = { CT_PROXY_PROTOCOL_FROM: proxy, ...settings };
  return { backend, door: await startFrontDoor(t, { backends: [backend], settings: all }) };
}

/** A request and a WebSocket of the client, through the proxy's port; each tells the backend who the client is. */
async function assertToldOf(t: TestContext, { backend }: Scene, port: number): Promise<void> {
  const connection = await openFrom(t, port, client);
  for (const path of ['/first', '/second']) {
    connection.send(`GET ${path} HTTP/1.1\r\nHost: door.test\r\nctstickiness: k\r\n\r\n`);
    const { status, body } = await connection.answer();
    assert.equal(status, 200, body);
  }
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, {
    localAddress: client,
    headers: { ctstickiness: 'k' },
  });
  t.after(() => socket.terminate());
  await once(socket, 'message');
  assert.deepEqual(
    backend.requests.map(({ target }) => target),
    ['/first', '/second', '/socket'],
  );
  for (const request of backend.requests) assert.deepEqual(valuesOf(request, 'x-forwarded-for'), [client]);
}

suite('proxies in front', { concurrency: 3 }, () => {
  for (const [name, send] of [
    ['send-proxy', 'send-proxy'],
    ['send-proxy-v2', 'send-proxy-v2'],
    ['send-proxy-v2 with a checksum', 'send-proxy-v2 proxy-v2-options crc32c,unique-id'],
  ] as const) {
    test(`HAProxy by ${name} tells who the client is, and checks us by LOCAL`, async (t) => {
      const scene = await start(t);
      const port = await freePort();
      // Checks that come often have as little time unless it is said: a front door that gets no processor would count as down.
      const server = `server door 127.0.0.1:${scene.door.port} source ${proxy} ${send} check check-send-proxy inter 100`;
      await startHaproxy(
        t,
        port,
        `listen front\n  mode tcp\n  bind 127.0.0.1:${port}\n  option httpchk GET /health\n  timeout check 20s\n  ${server}\n`,
      );
      await assertToldOf(t, scene, port);
      assert.equal(await scene.door.metric('ct_proxy_rejected_total'), 0);
    });
  }

  test('nginx by proxy_protocol tells who the client is', async (t) => {
    const scene = await start(t);
    const port = await freePort();
    const server = `listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${scene.door.port}; proxy_bind ${proxy}; proxy_protocol on;`;
    await startNginx(t, port, `stream { server { ${server} } }\n`);
    await assertToldOf(t, scene, port);
  });

  test('HAProxy tells who the client is before the client’s TLS, which it passes through', async (t) => {
    const authority = new Authority(t);
    const { certPath, keyPath } = authority.sign('DNS:localhost,IP:127.0.0.1');
    const scene = await start(t, { CT_TLS_CERT: certPath, CT_TLS_KEY: keyPath, CT_HTTPS_PORT: '0' });
    const port = await freePort();
    const server = `server door 127.0.0.1:${scene.door.httpsPort} source ${proxy} send-proxy-v2`;
    await startHaproxy(t, port, `listen front\n  mode tcp\n  bind 127.0.0.1:${port}\n  ${server}\n`);
    const raw = await openFrom(t, port, client);
    const secure = connectTls({ socket: raw.socket, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    secure.write('GET /tls HTTP/1.1\r\nHost: localhost\r\nctstickiness: k\r\n\r\n');
    await once(secure, 'data');
    assert.deepEqual(valuesOf(scene.backend.requests[0]!, 'x-forwarded-for'), [client]);
  });
});

suite('proxies behind', { concurrency: 3 }, () => {
  for (const version of ['v1', 'v2'] as const) {
    test(`HAProxy by accept-proxy and nginx by proxy_protocol are told by ${version}, each client on a connection of its own`, async (t) => {
      const recorder = await startStaticBackend(t, 'recorder');
      const target = new URL(recorder.url).host;
      const ports = { haproxy: await freePort(), nginx: await freePort() };
      await startHaproxy(
        t,
        ports.haproxy,
        `listen front\n  mode http\n  bind 127.0.0.1:${ports.haproxy} accept-proxy\n  http-request set-header x-told %[src]\n  server recorder ${target}\n`,
      );
      const proxied = `proxy_pass http://${target}; proxy_http_version 1.1; proxy_set_header x-told $proxy_protocol_addr; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;`;
      await startNginx(
        t,
        ports.nginx,
        `http { access_log off; server { listen 127.0.0.1:${ports.nginx} proxy_protocol; location / { ${proxied} } } }\n`,
      );
      for (const port of [ports.haproxy, ports.nginx]) {
        recorder.requests.length = 0;
        const backend = { name: 'a', url: `http://127.0.0.1:${port}`, passesChecks: true };
        const door = await startFrontDoor(t, { backends: [{ backend, weight: 100, proxy: version }] });
        await Promise.all(
          ['127.0.0.7', '127.0.0.8', '127.0.0.7'].map(async (address, i) => {
            const connection = await openFrom(t, door.port, address);
            for (const turn of [1, 2]) {
              connection.send(
                `GET /${i}-${turn} HTTP/1.1\r\nHost: door.test\r\nctstickiness: k\r\nx-client: ${address}\r\n\r\n`,
              );
              const { status, body } = await connection.answer();
              assert.equal(status, 200, body);
            }
          }),
        );
        const socket = new WebSocket(`ws://127.0.0.1:${door.port}/socket`, {
          localAddress: '127.0.0.9',
          headers: { ctstickiness: 'k', 'x-client': '127.0.0.9' },
        });
        t.after(() => socket.terminate());
        await once(socket, 'message');
        await until(() => Promise.resolve(recorder.requests.length === 7), 'all have arrived');
        for (const seen of recorder.requests)
          assert.deepEqual(valuesOf(seen, 'x-told'), valuesOf(seen, 'x-client'), seen.target);
      }
    });
  }
});
