/**
 * Limits on what is under way, retries and breakers, against a real front door: keys, edges and clients have as much as they may,
 * what runs goes on, an edge that fails is spared and keeps its keys.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { openFrom } from '../support/client-address.ts';
import { ask, startFrontDoor, until } from '../support/front-door.ts';
import type { Asked, FrontDoor } from '../support/front-door.ts';
import type { RawAnswer } from '../support/raw-connection.ts';
import { startStaticBackend } from '../support/static-backend.ts';
import type { StaticBackend } from '../support/static-backend.ts';

const greedy = '127.0.0.2';
const modest = '127.0.0.3';

interface Scene {
  readonly door: FrontDoor;
  readonly backend: StaticBackend;
}

async function start(t: TestContext, settings: Readonly<Record<string, string>>): Promise<Scene> {
  const backend = await startStaticBackend(t, 'a');
  const exempt = { CT_LIMIT_EXEMPT: '127.0.0.1' };
  return {
    backend,
    door: await startFrontDoor(t, { backends: [backend], settings: { ...exempt, ...settings } }),
  };
}

async function askFor(door: FrontDoor, key: string, path = '/'): Promise<Asked> {
  return await ask(door, path, { headers: { ctstickiness: key } });
}

/** A WebSocket that is open, or the status by which it was refused. */
async function openSocket(
  t: TestContext,
  door: FrontDoor,
  from: { key: string; address?: string },
): Promise<WebSocket | number> {
  const localAddress = from.address ?? '127.0.0.1';
  const socket = new WebSocket(`ws://127.0.0.1:${door.port}/`, {
    localAddress,
    headers: { ctstickiness: from.key },
  });
  t.after(() => socket.terminate());
  socket.on('error', () => undefined);
  const { promise, resolve } = Promise.withResolvers<WebSocket | number>();
  socket.once('open', () => resolve(socket));
  socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
  return await promise;
}

async function isAlive(socket: WebSocket | number | undefined): Promise<boolean> {
  assert.ok(socket instanceof WebSocket);
  const heard = once(socket, 'message');
  socket.send('still here');
  await heard;
  return true;
}

/** The backend holds requests back until it is told to answer. */
function holdBack(backend: StaticBackend): ServerResponse[] {
  const held: ServerResponse[] = [];
  backend.handlers.set('/held', (_request, response) => held.push(response));
  return held;
}

async function newKeyFrom(t: TestContext, door: FrontDoor, address: string, key: string): Promise<RawAnswer> {
  const connection = await openFrom(t, door.port, address);
  connection.send(`GET / HTTP/1.1\r\nHost: door.test\r\nctstickiness: ${key}\r\n\r\n`);
  return await connection.answer();
}

suite('what is under way', { concurrency: 4 }, () => {
  test('a key has as many WebSockets as it may; those go on, other keys have theirs, and an end makes room', async (t) => {
    const { door } = await start(t, { CT_LIMIT_SOCKETS_PER_KEY: '2' });
    const first = await openSocket(t, door, { key: 'k' });
    const second = await openSocket(t, door, { key: 'k' });
    assert.equal(await openSocket(t, door, { key: 'k' }), 429);
    assert.ok((await openSocket(t, door, { key: 'other' })) instanceof WebSocket);
    assert.ok((await isAlive(first)) && (await isAlive(second)));
    (first as WebSocket).close();
    await until(
      async () => (await openSocket(t, door, { key: 'k' })) instanceof WebSocket,
      'there is a place again',
    );
  });

  test('an edge has as many WebSockets as it may, and its requests are served nevertheless', async (t) => {
    const { door } = await start(t, { CT_LIMIT_SOCKETS_PER_EDGE: '2' });
    const open = [await openSocket(t, door, { key: 'a' }), await openSocket(t, door, { key: 'b' })];
    assert.equal(await openSocket(t, door, { key: 'a' }), 503);
    assert.equal((await askFor(door, 'a')).status, 200);
    for (const socket of open) assert.ok(await isAlive(socket));
  });

  test('new keys go to an edge that has room for their WebSockets, and pinned ones stay', async (t) => {
    const backends = [await startStaticBackend(t, 'a'), await startStaticBackend(t, 'b')];
    const door = await startFrontDoor(t, { backends, settings: { CT_LIMIT_SOCKETS_PER_EDGE: '4' } });
    const owner = (await askFor(door, 'first')).json.backend;
    for (let i = 0; i < 4; i++) assert.ok((await openSocket(t, door, { key: 'first' })) instanceof WebSocket);
    for (let i = 0; i < 20; i++) assert.notEqual((await askFor(door, `new-${i}`)).json.backend, owner);
    assert.equal((await askFor(door, 'first')).json.backend, owner);
  });

  test('a key has as many requests under way as it may, and so has an edge', async (t) => {
    const settings = { CT_LIMIT_REQUESTS_PER_KEY: '2', CT_LIMIT_REQUESTS_PER_EDGE: '3' };
    const { door, backend } = await start(t, settings);
    const held = holdBack(backend);
    const waiting = ['k', 'k', 'other'].map(async (key) => await askFor(door, key, '/held'));
    await until(() => Promise.resolve(held.length === 3), 'all are under way');
    const [ofKey, ofEdge] = [await askFor(door, 'k'), await askFor(door, 'third')];
    assert.deepEqual([ofKey.status, ofKey.json.code, ofKey.headers['retry-after']], [429, 'key-busy', '1']);
    assert.deepEqual([ofEdge.status, ofEdge.json.code], [503, 'edge-requests-full']);
    for (const response of held) response.end('late');
    for (const { status, text } of await Promise.all(waiting))
      assert.deepEqual([status, text], [200, 'late']);
    assert.equal((await askFor(door, 'k')).status, 200);
  });

  test('WebSockets count as connections of their client', async (t) => {
    const { door } = await start(t, { CT_LIMIT_CONNECTIONS_PER_ADDRESS: '2' });
    const open = [1, 2].map(async () => await openSocket(t, door, { key: 'k', address: greedy }));
    for (const socket of await Promise.all(open)) assert.ok(await isAlive(socket));
    assert.equal(await openSocket(t, door, { key: 'k', address: greedy }), 429);
    assert.ok((await openSocket(t, door, { key: 'k', address: modest })) instanceof WebSocket);
  });

  test('an address begins as many sessions as it may; keys that there are, and others, are served', async (t) => {
    const { door } = await start(t, { CT_LIMIT_NEW_KEYS: '3' });
    for (const key of ['a', 'b', 'c']) assert.equal((await newKeyFrom(t, door, greedy, key)).status, 200);
    const refused = await newKeyFrom(t, door, greedy, 'd');
    assert.deepEqual([refused.status, JSON.parse(refused.body).code], [429, 'too-many-new-keys']);
    assert.equal(refused.headers['retry-after'], '1');
    assert.equal((await newKeyFrom(t, door, greedy, 'a')).status, 200, 'a session that there is goes on');
    assert.equal((await newKeyFrom(t, door, modest, 'd')).status, 200);
    assert.equal((await newKeyFrom(t, door, greedy, 'd')).status, 200, 'by now it is one that there is');
  });
});

suite('edges that fail', { concurrency: 4 }, () => {
  test('a request that a backend broke off is sent to it once more, where that is safe', async (t) => {
    const { door, backend } = await start(t, {});
    const seen: string[] = [];
    backend.handlers.set('/breaks', (request, response) => {
      seen.push(request.method!);
      if (seen.length % 2 === 1) request.socket.destroy();
      else response.end('second');
    });
    assert.equal((await askFor(door, 'k', '/breaks')).text, 'second');
    assert.deepEqual(seen.splice(0), ['GET', 'GET']);
    const unsafe = await ask(door, '/breaks', {
      method: 'POST',
      headers: { ctstickiness: 'k' },
      body: 'once',
    });
    assert.equal(unsafe.status, 502);
    assert.deepEqual(seen, ['POST'], 'what may have changed something is not repeated');
  });

  test('retries end with their budget', async (t) => {
    const { door, backend } = await start(t, {
      CT_RETRY_MIN: '2',
      CT_RETRY_PERCENT: '0',
      CT_BREAKER_FAILURES: '0',
    });
    let seen = 0;
    backend.handlers.set('/breaks', (request) => {
      seen++;
      request.socket.destroy();
    });
    await Promise.all(Array.from({ length: 6 }, async (_, i) => await askFor(door, `k-${i}`, '/breaks')));
    assert.ok(seen >= 6 && seen <= 8 + 2, `${seen} attempts of 6 requests`);
    assert.ok((await door.metric('ct_proxy_retries_refused_total')) >= 1);
  });

  test('a backend that fails in a row is not asked for a while, keeps its keys, and is asked again when it is well', async (t) => {
    const backends = [await startStaticBackend(t, 'a'), await startStaticBackend(t, 'b')];
    const door = await startFrontDoor(t, { backends, settings: { CT_BREAKER_FAILURES: '4' } });
    const owner = (await askFor(door, 'k')).json.backend;
    const backend = backends.find(({ name }) => name === owner)!;
    let isFailing = true;
    let asked = 0;
    backend.handlers.set('/page', (request, response) => {
      asked++;
      if (isFailing) request.socket.destroy();
      else response.end(backend.name);
    });
    const post = async (): Promise<Asked> =>
      await ask(door, '/page', { method: 'POST', headers: { ctstickiness: 'k' }, body: 'x' });
    for (let i = 0; i < 4; i++) assert.equal((await post()).status, 502);
    await door.log.next(({ event }) => event === 'breaker.opened', 'the breaker opens');
    assert.equal((await door.edges()).find(({ id }) => id === owner)!.breaker, 'open');
    assert.ok((await door.metric('ct_proxy_breaker_opened_total')) === 1);
    assert.equal((await door.where('k')).edge, owner, 'its keys stay');
    isFailing = false;
    const before = asked;
    await until(async () => (await post()).status === 200, 'it is asked again');
    assert.ok(asked > before);
    await until(async () => {
      await post();
      return (await door.edges()).every(({ breaker }) => breaker === 'closed');
    }, 'the breaker closes');
    assert.equal((await askFor(door, 'k')).json.backend, owner);
  });
});
