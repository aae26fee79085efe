/**
 * A pool that no one here wrote, behind a real front door: plain HTTP and WebSocket clients, and backends
 * that know nothing of us. One key, one backend, however the client names it and whatever happens to others.
 */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { timing } from '#shared/timing.ts';
import {
  ask,
  isReady,
  makeDataDir,
  quickToFall,
  readUpgrades,
  startFrontDoor,
  until,
} from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { makeKeys, ownerOf, ownersOf, startBackends } from '../support/key-owners.ts';
import { inRounds } from '../support/rounds.ts';
import { startStaticBackend, valuesOf } from '../support/static-backend.ts';
import type { BackendAnswer, StaticBackend } from '../support/static-backend.ts';

/** For tests in which all backends are well, each of which has keys of its own. */
const shared = await startBackends({ after });
const door = await startFrontDoor({ after }, { backends: shared });

test('every connection of one key reaches one backend, by header, cookie and query, request and WebSocket', async (t) => {
  for (const key of makeKeys('shared', 20)) {
    const byHeader = { headers: { ctstickiness: key } };
    const byCookie = { headers: { cookie: `other=1; ctstickiness=${key}; last=2` } };
    const seen = new Set<string | undefined>();
    for (const options of [byHeader, byCookie]) {
      seen.add((await ask(door, '/page', options)).json.backend);
      seen.add((await ask(door, '/page', { ...options, method: 'POST', body: 'text' })).json.backend);
      seen.add((await openWebSocket(t, door, '/live', options.headers)).backend);
    }
    seen.add((await ask(door, `/page?a=1&ctstickiness=${key}`)).json.backend);
    seen.add((await openWebSocket(t, door, `/live?ctstickiness=${key}`)).backend);
    assert.equal(seen.size, 1, `${key} was on ${[...seen].join(', ')}`);
  }
});

test('two hundred keys spread over all three backends', async () => {
  const owners = await ownersOf(door, makeKeys('spread', 200));
  for (const { name } of shared) {
    const share = [...owners.values()].filter((owner) => owner === name).length;
    assert.ok(share >= 50 && share <= 84, `${name} has ${share} of 200 keys`);
  }
});

test('a backend that is late with its checks, and not yet often enough to tell, gets new keys', async (t) => {
  const backend = await startStaticBackend(t, 'a');
  const settings = { CT_BACKEND_CHECK_INTERVAL_MS: '2000', CT_BACKEND_CHECK_FALL: '10' };
  const door = await startFrontDoor(t, { backends: [backend], settings });
  backend.answersChecks = false;
  await inRounds(2 * timing.leaseMs, async (n) => {
    assert.equal((await ask(door, '/', { headers: { ctstickiness: `new-${n}` } })).status, 200, `new-${n}`);
  });
});

test('a client without a key is given one, as header and as cookie, that leads back to its backend', async () => {
  const first = await ask(door, '/');
  const key = String(first.headers['ctstickiness']);
  assert.match(key, /^[0-9a-f]{32}$/);
  assert.deepEqual(first.headers['set-cookie'], [`ctstickiness=${key}; Path=/; HttpOnly; SameSite=Lax`]);
  for (const headers of [{ ctstickiness: key }, { cookie: `ctstickiness=${key}` }]) {
    const again = await ask(door, '/', { headers });
    assert.equal(again.json.backend, first.json.backend);
    assert.equal(again.headers['ctstickiness'], key);
    assert.equal(again.headers['set-cookie'], undefined, 'a client that has the key gets no second cookie');
  }
});

test('a WebSocket without a key is given one in the head of its 101', async (t) => {
  const opened = await openWebSocket(t, door, '/live');
  const key = String(opened.headers['ctstickiness']);
  assert.match(key, /^[0-9a-f]{32}$/);
  assert.deepEqual(opened.headers['set-cookie'], [`ctstickiness=${key}; Path=/; HttpOnly; SameSite=Lax`]);
  const page = await ask(door, '/', { headers: { cookie: `ctstickiness=${key}` } });
  assert.equal(page.json.backend, opened.backend);
});

test('a WebSocket to a static backend is carried by the front door, which says why', async (t) => {
  const before = await readUpgrades(door.adminUrl);
  await openWebSocket(t, door, '/live');
  const { 'front-door static': carried = 0, ...others } = await readUpgrades(door.adminUrl);
  assert.deepEqual([carried - (before['front-door static'] ?? 0), others], [1, {}]);
});

test('a backend learns the client, the host and the scheme, and nothing internal of the front door', async () => {
  await ask(door, '/learns', {
    headers: { ctstickiness: 'k', 'x-forwarded-for': '203.0.113.9', via: '1.1 me' },
  });
  const request = shared.flatMap(({ requests }) => requests).find(({ target }) => target === '/learns');
  assert.deepEqual(valuesOf(request!, 'x-forwarded-for'), ['127.0.0.1'], 'a stranger’s claim is dropped');
  assert.deepEqual(valuesOf(request!, 'x-forwarded-proto'), ['http']);
  assert.deepEqual(valuesOf(request!, 'x-forwarded-host'), [door.host]);
  assert.deepEqual(valuesOf(request!, 'host'), [door.host]);
  assert.deepEqual(valuesOf(request!, 'ctstickiness'), ['k']);
  assert.deepEqual(valuesOf(request!, 'via'), ['1.1 me']);
  assert.equal(
    request!.headers.some((name, i) => i % 2 === 0 && name.startsWith('x-ct-')),
    false,
  );
});

// They wait side by side for a lease to lapse.
suite('backends that fail', { concurrency: true }, () => {
  test('a backend whose checks fail gets no new keys and loses its pins after its lease; others keep theirs', async (t) => {
    const backends = await startBackends(t);
    const [, failing] = backends;
    const door = await startFrontDoor(t, { backends, settings: quickToFall });
    const before = await ownersOf(door, makeKeys('before', 45));
    const pinned = [...before.keys()].filter((key) => before.get(key) === failing.name);
    assert.ok(pinned.length > 0);

    failing.passesChecks = false;
    await until(async () => !(await isBackendReady(door, failing)), 'the backend is suspected');
    const first = await ask(door, '/', { headers: { ctstickiness: pinned[0]! } });
    assert.equal(first.json.backend, failing.name, 'a pin stays while the lease runs');
    const during = await ownersOf(door, makeKeys('during', 45));
    assert.equal([...during.values()].includes(failing.name), false);

    await until(async () => (await ownerOf(door, pinned[0]!)) !== failing.name, 'the lease is over');
    const after = await ownersOf(door, [...before.keys()]);
    for (const [key, owner] of before) {
      if (owner === failing.name) assert.notEqual(after.get(key), failing.name, `${key} left the backend`);
      else assert.equal(after.get(key), owner, `${key} of a well backend was not touched`);
    }

    failing.passesChecks = true;
    await until(async () => await isBackendReady(door, failing), 'the backend is ready again');
    assert.deepEqual(await ownersOf(door, [...after.keys()]), after, 'nothing goes back by itself');
    await until(async () => {
      const key = `returned-${performance.now()}`;
      return (await ownerOf(door, key)) === failing.name;
    }, 'the backend that came back gets new keys');
  });

  test('a killed backend’s keys are answered by another one, and the waiting request gets its answer', async (t) => {
    const backends = await startBackends(t);
    const [, killed] = backends;
    const door = await startFrontDoor(t, { backends, settings: quickToFall });
    const before = await ownersOf(door, makeKeys('killed', 30));
    await killed.stop();
    const after = new Map<string, string | undefined>();
    await Promise.all(
      [...before.keys()].map(async (key) => {
        const asked = await ask(door, '/', { headers: { ctstickiness: key } });
        assert.equal(asked.status, 200, `${key}: ${asked.text}`);
        after.set(key, asked.json.backend);
      }),
    );
    for (const [key, owner] of before) {
      if (owner === killed.name) assert.notEqual(after.get(key), killed.name);
      else assert.equal(after.get(key), owner);
    }
    await killed.start();
    await until(async () => await isBackendReady(door, killed), 'the backend is ready again');
    assert.deepEqual(await ownersOf(door, [...after.keys()]), after);
  });
});

test('two front doors over one directory agree on every key, also on one that moved behind the back of one', async (t) => {
  const backends = await startBackends(t);
  const [a, failing] = backends;
  const dataDir = makeDataDir(t);
  const left = await startFrontDoor(t, { backends, dataDir, settings: quickToFall });
  const right = await startFrontDoor(t, { backends, dataDir, settings: quickToFall });
  const keys = makeKeys('agreed', 40);
  const owners = await ownersOf(left, keys);
  assert.deepEqual(await ownersOf(right, keys), owners);
  const [moving] = keys.filter((key) => owners.get(key) === failing.name);

  failing.passesChecks = false;
  await until(async () => (await ownerOf(right, moving!)) !== failing.name, 'the right door moved the key');
  failing.passesChecks = true;
  await until(async () => await isBackendReady(left, failing), 'the backend is ready again');
  assert.deepEqual(await ownersOf(left, keys), await ownersOf(right, keys));
  assert.ok(a.requests.length > 0);
});

test('without a ready backend a request gets 503 with Retry-After, and 200 as soon as there is one', async (t) => {
  const backend = await startStaticBackend(t, 'a');
  backend.passesChecks = false;
  const door = await startFrontDoor(t, { backends: [backend], settings: quickToFall });
  const refused = await ask(door, '/', { headers: { ctstickiness: 'k' } });
  assert.deepEqual([refused.status, refused.json.code], [503, 'no-edge']);
  assert.equal(refused.headers['retry-after'], '1');
  assert.equal((await fetch(`${door.adminUrl}/readyz`)).status, 503);
  backend.passesChecks = true;
  await until(
    async () => (await ask(door, '/', { headers: { ctstickiness: 'k' } })).status === 200,
    'it serves',
  );
  assert.equal((await fetch(`${door.adminUrl}/readyz`)).status, 200);
});

async function isBackendReady(door: FrontDoor, backend: StaticBackend): Promise<boolean> {
  return (await door.edges()).some((edge) => edge.id === backend.name && isReady(edge));
}

/** Opens a WebSocket and reads the first message, in which the backend tells its name. */
async function openWebSocket(
  t: TestContext,
  door: FrontDoor,
  path: string,
  headers: Record<string, string> = {},
): Promise<BackendAnswer & { headers: Record<string, unknown> }> {
  const socket = new WebSocket(`ws://${door.host}${path}`, { headers });
  t.after(() => socket.terminate());
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answerHeaders: Record<string, unknown> = {};
  socket.once('upgrade', (response) => (answerHeaders = response.headers));
  socket.once('message', (data: Buffer) => resolve(data.toString('utf8')));
  socket.on('error', reject);
  const answer = JSON.parse(await promise) as BackendAnswer;
  socket.close();
  return { ...answer, headers: answerHeaders };
}
