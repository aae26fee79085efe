/**
 * Scenarios in which HAProxy's and nginx's own suites try stickiness, WebSockets and reloads, as promises of this front door.
 * Each test names the scenario that it comes from; how it is told and checked is ours.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import type { Lifetime } from '../support/child-end.ts';
import { ask, makeDataDir, quickToFall, startFrontDoor, until } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { openRaw } from '../support/raw-connection.ts';
import { startStaticBackend } from '../support/static-backend.ts';
import type { StaticBackend } from '../support/static-backend.ts';

const keys = Array.from({ length: 12 }, (_, i) => `key-${i}`);

async function startBackends(t: Lifetime, names: readonly string[]): Promise<StaticBackend[]> {
  return await Promise.all(names.map(async (name) => await startStaticBackend(t, name)));
}

async function backendOf(
  door: FrontDoor,
  path: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const { status, json } = await ask(door, path, { headers });
  assert.equal(status, 200);
  return json.backend!;
}

/** For tests that leave all backends well; what they expect does not hang on what others asked for. */
const shared = await startBackends({ after }, ['a', 'b', 'c']);
const sharedDoor = await startFrontDoor({ after }, { backends: shared });

test('HAProxy stickiness/lb-services: a key has one backend at all front doors, whatever the path and however it is named', async (t) => {
  const dataDir = makeDataDir(t);
  const backends = await startBackends(t, ['a', 'b', 'c']);
  const doors = [
    await startFrontDoor(t, { backends, dataDir }),
    await startFrontDoor(t, { backends, dataDir }),
  ];
  const seen = new Set<string>();
  for (const [i, key] of keys.entries()) {
    const first = await backendOf(doors[i % 2]!, `/be1?ctstickiness=${key}`);
    seen.add(first);
    for (const door of doors) {
      assert.equal(await backendOf(door, `/be2?ctstickiness=${key}`), first);
      assert.equal(await backendOf(door, '/be1', { ctstickiness: key }), first);
      assert.equal(await backendOf(door, '/', { cookie: `ctstickiness=${key}` }), first);
    }
  }
  assert.ok(seen.size > 1, 'not all keys have the same');
});

test('HAProxy peers/basic_sync: a front door that comes later knows the backends of the keys before it', async (t) => {
  const dataDir = makeDataDir(t);
  const backends = await startBackends(t, ['a', 'b', 'c']);
  const early = await startFrontDoor(t, { backends, dataDir });
  const before = new Map<string, string>();
  for (const key of keys) before.set(key, await backendOf(early, '/', { ctstickiness: key }));
  const late = await startFrontDoor(t, { backends, dataDir });
  for (const key of keys) assert.equal(await backendOf(late, '/', { ctstickiness: key }), before.get(key));
});

test('HAProxy stickiness/srvkey-addr: front doors that list their backends in another order send a key to the same one', async (t) => {
  const dataDir = makeDataDir(t);
  const backends = await startBackends(t, ['a', 'b', 'c']);
  const doors = [
    await startFrontDoor(t, { backends, dataDir }),
    await startFrontDoor(t, { backends: backends.toReversed(), dataDir }),
  ];
  for (const [i, key] of keys.entries()) {
    const first = await backendOf(doors[i % 2]!, '/', { ctstickiness: key });
    assert.equal(await backendOf(doors[(i + 1) % 2]!, '/', { ctstickiness: key }), first);
  }
});

test('HAProxy stick-table/unknown_key: to ask for a key that nobody has is an answer', async () => {
  const door = sharedDoor;
  const where = await door.where('nobody-has-this');
  assert.equal(where.edge, undefined);
  assert.equal(
    await backendOf(door, '/', { ctstickiness: 'nobody-has-this' }),
    (await door.where('nobody-has-this')).edge,
  );
});

test('nginx upstream_sticky: a client without a key gets one as a cookie, keeps its backend, and gets it once', async () => {
  const door = sharedDoor;
  const first = await ask(door, '/');
  const [cookie, ...more] = first.headers['set-cookie'] ?? [];
  assert.deepEqual(more, []);
  assert.match(cookie!, /^ctstickiness=[0-9a-f]{32}; Path=\/; HttpOnly; SameSite=Lax$/);
  const headers = { cookie: cookie!.split(';', 1)[0]! };
  for (let i = 0; i < 5; i++) {
    const again = await ask(door, `/${i}`, { headers });
    assert.equal(again.json.backend, first.json.backend);
    assert.equal(again.headers['set-cookie'], undefined);
  }
});

test('nginx upstream_sticky, keep-alive: on one connection each request goes where its own key belongs', async (t) => {
  const door = sharedDoor;
  const expected = new Map<string, string>();
  for (const key of keys) expected.set(key, await backendOf(door, '/', { ctstickiness: key }));
  const connection = await openRaw(t, door.port);
  for (const key of [...keys, ...keys.toReversed()]) {
    connection.send(`GET /x HTTP/1.1\r\nHost: door.test\r\nctstickiness: ${key}\r\n\r\n`);
    const { body } = await connection.answer();
    assert.equal((JSON.parse(body) as { backend: string }).backend, expected.get(key));
  }
});

test('nginx upstream_sticky_learn: keys that differ in the case of a letter alone are two', async () => {
  const door = sharedDoor;
  const epochs = new Map<string, number>();
  for (const key of ['value', 'VALUE', 'Value']) {
    await backendOf(door, '/', { cookie: `ctstickiness=${key}` });
    epochs.set(key, (await door.where(key)).epoch);
  }
  assert.equal(new Set(epochs.values()).size, 3);
  for (const [key, epoch] of epochs) assert.equal((await door.where(key)).epoch, epoch);
});

test('nginx upstream_sticky_learn_header: a key is where it is while its first answer is still under way', async (t) => {
  const door = sharedDoor;
  let finish: () => void = () => undefined;
  for (const backend of shared)
    backend.handlers.set('/slow', (_request, response) => {
      response.writeHead(200, { 'content-length': 12, 'x-backend': backend.name });
      response.write('begun ');
      finish = () => response.end('ended.');
    });
  for (const key of keys) {
    const first = await openRaw(t, door.port);
    first.send(`GET /slow HTTP/1.1\r\nHost: door.test\r\nctstickiness: ${key}\r\n\r\n`);
    await until(() => Promise.resolve(first.pending.toString().endsWith('begun ')), 'it has begun');
    const others = Array.from({ length: 4 }, async () => await backendOf(door, '/', { ctstickiness: key }));
    const names = await Promise.all(others);
    finish();
    const { headers, body } = await first.answer();
    assert.equal(body, 'begun ended.');
    assert.deepEqual(new Set(names), new Set([headers['x-backend']]));
  }
});

test('nginx upstream_sticky_next: when a backend is gone its keys move together, and no other key does', async (t) => {
  const backends = await startBackends(t, ['a', 'b', 'c']);
  const door = await startFrontDoor(t, { backends, settings: quickToFall });
  const before = new Map<string, string>();
  for (const key of keys) before.set(key, await backendOf(door, '/', { ctstickiness: key }));
  const gone = backends.find(({ name }) => [...before.values()].includes(name))!;
  await gone.stop();
  for (const key of keys) {
    const was = before.get(key);
    let now = was;
    await until(async () => {
      const { status, json } = await ask(door, '/', { headers: { ctstickiness: key } });
      now = json.backend;
      return status === 200;
    }, `${key} is served`);
    if (was !== gone.name) assert.equal(now, was, key);
    else assert.notEqual(now, was, key);
    assert.equal(await backendOf(door, '/', { ctstickiness: key }), now);
  }
});

test('nginx proxy_upgrade: the line of an upgrade counts the bytes of both sides, also those sent ahead', async (t) => {
  const [backend] = (await startBackends(t, ['a'])) as [StaticBackend];
  const door = await startFrontDoor(t, { backends: [backend] });
  const agree = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
  backend.upgradeHandlers.set('/raw', (_, socket, early) => {
    let heard = early.length;
    socket.write(agree);
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.length;
      if (heard >= 10_005) socket.end('x'.repeat(70_000));
    });
  });
  const client = await openRaw(t, door.port);
  const head =
    'GET /raw HTTP/1.1\r\nHost: door.test\r\nctstickiness: k\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
  client.send(`${head}early`);
  assert.match(await client.head(), /^HTTP\/1\.1 101 /);
  client.send('y'.repeat(10_000));
  await client.whenEnded();
  assert.equal(client.pending.length, 70_000);
  client.socket.end();
  await once(client.socket, 'close');
  const line = await door.log.next((entry) => entry['kind'] === 'upgrade', 'the upgrade is settled');
  assert.deepEqual([line['bytesUp'], line['bytesDown'], line['ended']], [10_005, 70_000, 'SU']);
});
