/**
 * Static backends on Unix-domain sockets, behind a real front door, as tests on a transport that the caller names: requests and
 * WebSockets of a key reach one backend, beside one on TCP, and a backend that goes and comes back is noticed.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { ask, isReady, makeDataDir, quickToFall, startFrontDoor, until } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';
import { makeKeys } from './key-owners.ts';
import { startStaticBackend } from './static-backend.ts';
import type { BackendAnswer, StaticBackend } from './static-backend.ts';

/** Declares the tests. */
export function testSocketBackends(native: 'off' | 'required'): void {
  testOneBackend(native);
  testLostSocket(native);
}

function testOneBackend(native: string): void {
  const settings = { CT_NATIVE_SOCKETS: native };
  void test(`every connection of a key reaches one backend, on a Unix-domain socket or not (native sockets ${native})`, async (t) => {
    const backends = await startBackends(t);
    const door = await startFrontDoor(t, { backends, settings });
    const owners = new Set<string>();
    for (const key of makeKeys('shared', 30)) {
      const headers = { ctstickiness: key };
      const page = (await ask(door, '/page', { headers })).json;
      const posted = (await ask(door, '/page', { headers, method: 'POST', body: 'words' })).json;
      assert.equal(posted.body, 'words');
      const live = await talk(t, door, headers);
      assert.deepEqual([posted.backend, live.backend], [page.backend, page.backend]);
      owners.add(page.backend!);
    }
    assert.deepEqual([...owners].sort(), ['a', 'b', 'tcp'], 'each of the three has keys');
  });
}

function testLostSocket(native: string): void {
  const settings = { CT_NATIVE_SOCKETS: native };
  void test(`keys of a backend whose socket goes away move, and it gets new ones when it is back (native sockets ${native})`, async (t) => {
    const backends = await startBackends(t);
    const [lost] = backends;
    const door = await startFrontDoor(t, { backends, settings: { ...settings, ...quickToFall } });
    const keys = makeKeys('moving', 30);
    const before = await ownersOf(door, keys);
    const open = new WebSocket(`ws://${door.host}/live`, {
      headers: { ctstickiness: keys.find((key) => before.get(key) === lost.name)! },
    });
    await once(open, 'message');
    const cut = once(open, 'close');

    await lost.stop();
    await cut;
    const during = await ownersOf(door, keys);
    for (const [key, owner] of before) {
      if (owner === lost.name) assert.notEqual(during.get(key), lost.name, `${key} has another backend`);
      else assert.equal(during.get(key), owner, `${key} of a well backend was not touched`);
    }
    await lost.start();
    await until(async () => (await door.edges()).every(isReady), 'the backend is ready again');
    assert.deepEqual(await ownersOf(door, keys), during, 'nothing goes back by itself');
    let number = 0;
    await until(async () => {
      const key = `returned-${number++}`;
      return (await ownersOf(door, [key])).get(key) === lost.name;
    }, 'the backend that came back gets new keys');
  });
}

async function startBackends(t: TestContext): Promise<[StaticBackend, StaticBackend, StaticBackend]> {
  const folder = makeDataDir(t);
  return [
    await startStaticBackend(t, 'a', { socketPath: join(folder, 'a.sock') }),
    await startStaticBackend(t, 'b', { socketPath: join(folder, 'b.sock') }),
    await startStaticBackend(t, 'tcp'),
  ];
}

async function ownersOf(door: FrontDoor, keys: readonly string[]): Promise<Map<string, string | undefined>> {
  const owners = await Promise.all(
    keys.map(
      async (key) => [key, (await ask(door, '/', { headers: { ctstickiness: key } })).json.backend] as const,
    ),
  );
  return new Map(owners);
}

/** A WebSocket that hears its backend's name and has a message of its own echoed. */
async function talk(
  t: TestContext,
  door: FrontDoor,
  headers: Record<string, string>,
): Promise<BackendAnswer> {
  const socket = new WebSocket(`ws://${door.host}/live`, { headers });
  t.after(() => socket.terminate());
  const [first] = (await once(socket, 'message')) as [Buffer];
  socket.send('there and back');
  const [echo] = (await once(socket, 'message')) as [Buffer];
  assert.equal(echo.toString(), 'there and back');
  socket.close();
  return JSON.parse(first.toString()) as BackendAnswer;
}
