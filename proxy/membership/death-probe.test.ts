/** What proves that an edge's process is gone, and what does not; firewalls in between are in `test/chaos/scenarios.test.ts`. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { once } from 'node:events';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { probeAddress } from './death-probe.ts';

async function listen(host: string): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, host);
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

const ownAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

for (const host of ['127.0.0.1', ...(ownAddress === undefined ? [] : [ownAddress])]) {
  test(`a refusal by this machine proves that a process is gone: ${host}`, async () => {
    const { server, port } = await listen(host);
    assert.equal(await probeAddress(`http://${host}:${port}`), 'accepted');
    server.close();
    await once(server, 'close');
    assert.equal(await probeAddress(`http://${host}:${port}`), 'refused');
  });
}

test('a Unix-domain socket that nobody listens on proves it too, whether its file is there or not', async (t) => {
  const path = join(mkdtempSync(join(tmpdir(), 'mooring-test-')), 'edge.sock');
  t.after(() => rmSync(dirname(path), { recursive: true }));
  assert.equal(await probeAddress(`unix:${path}`), 'refused');
  const server = createServer((socket) => socket.destroy());
  server.listen(path);
  await once(server, 'listening');
  assert.equal(await probeAddress(`unix:${path}`), 'accepted');
  server.close();
  await once(server, 'close');
  assert.equal(await probeAddress(`unix:${path}`), 'refused');
});

test('what is not of this machine is not asked: whoever refuses there may be a firewall', async () => {
  // Of a network for documentation (RFC 5737), and a name that only a name service could tell.
  for (const host of ['192.0.2.1', '[2001:db8::1]', 'edge.invalid']) {
    assert.equal(await probeAddress(`http://${host}:1`), 'no-answer');
  }
});
