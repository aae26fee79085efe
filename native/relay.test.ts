/** The relay between two far ends of `node:net`: every byte, bounded memory, and an end for both sides. */
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { NativeScene, gather, openPair } from '../test/support/native-scene.ts';
import type { HeardSocket } from '../test/support/native-scene.ts';
import { eventually } from '../test/support/oct-inbox.ts';

const reset = 104;

interface Joined {
  readonly scene: NativeScene;
  readonly client: Socket;
  readonly edge: Socket;
  readonly a: HeardSocket;
  readonly b: HeardSocket;
}

async function join(t: TestContext): Promise<Joined> {
  const scene = new NativeScene(t);
  const [{ far: client, near: a }, { far: edge, near: b }] = [
    await openPair(t, scene),
    await openPair(t, scene),
  ];
  assert.ok(scene.sockets.relay(a.id, b.id));
  return { scene, client, edge, a, b };
}

function count({ scene, a }: Joined): number[] {
  const out = new Float64Array(3);
  scene.sockets.relayedBytes(a.id, out);
  return [...out];
}

/** Sends in pieces of random sizes, as the far end takes them. */
async function send(socket: Socket, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const size = randomInt(2) === 0 ? randomInt(1, 100) : randomInt(1, 200_000);
    if (!socket.write(bytes.subarray(at, at + size))) await once(socket, 'drain');
    at += size;
  }
  socket.end();
}

test('many megabytes go both ways at once, and JavaScript hears of the end alone', async (t) => {
  const joined = await join(t);
  const { scene, client, edge, a, b } = joined;
  const [up, down] = [randomBytes(12_000_000), randomBytes(9_000_001)];
  const [atEdge, atClient] = [gather(edge), gather(client)];
  let counted: number[] = [];
  scene.onEvent = () => (counted = count(joined));
  await Promise.all([send(client, up), send(edge, down)]);
  await eventually(() => a.hears('relayEnded'), 'the relay has ended');
  await eventually(() => atEdge.ended() && atClient.ended(), 'both have heard the end');
  assert.ok(atEdge.bytes().equals(up));
  assert.ok(atClient.bytes().equals(down));
  assert.deepEqual(counted, [up.length, down.length, 3]);
  assert.deepEqual([a.heard, b.heard], [['relayEnded 0'], []]);
});

test('bytes written before the two were joined go first', async (t) => {
  const scene = new NativeScene(t);
  const { far: client, near: a } = await openPair(t, scene);
  const { far: edge, near: b } = await openPair(t, scene);
  const before = randomBytes(7_000_000);
  assert.ok(scene.write(b, before) > 0);
  client.end('after');
  await eventually(() => a.hears('ended'), 'the client has said all');
  assert.ok(scene.sockets.relay(a.id, b.id));
  assert.ok(scene.sockets.writeLatin1(b.id, a.bytes.toString()) > 0);
  const got = gather(edge);
  await eventually(() => got.ended(), 'all has arrived');
  assert.ok(got.bytes().equals(Buffer.concat([before, Buffer.from('after')])));
  edge.end();
  await eventually(() => a.hears('relayEnded'), 'the relay has ended');
});

test('a slow reader stops the sender, and little is held for it, either way', async (t) => {
  for (const direction of ['up', 'down'] as const) {
    const joined = await join(t);
    const { scene, a, b } = joined;
    const [sender, reader] = direction === 'up' ? [joined.client, joined.edge] : [joined.edge, joined.client];
    const sink = direction === 'up' ? b : a;
    const chunk = Buffer.alloc(262_144, 'x');
    let written = 0;
    let last = -1;
    let still = 0;
    reader.pause();
    await eventually(() => {
      while (sender.writableLength < 1_000_000 && written < 500_000_000) {
        sender.write(chunk);
        written += chunk.length;
      }
      const now = count(joined)[direction === 'up' ? 0 : 1]!;
      still = now === last && now > 0 ? still + 1 : 0;
      last = now;
      return still > 20;
    }, 'nothing moves any more');
    const held = scene.sockets.queued(sink.id);
    assert.ok(held > 0 && held <= 65_536, String(held));
    const got = gather(reader);
    sender.end();
    await eventually(() => got.ended(), 'the reader has all');
    assert.equal(got.bytes().length, written);
  }
});

test('a half close is passed on, and the other direction goes on', async (t) => {
  const joined = await join(t);
  const { client, edge, a } = joined;
  const [atEdge, atClient] = [gather(edge), gather(client)];
  client.end('question');
  await eventually(() => atEdge.ended(), 'the edge hears the end');
  assert.deepEqual(count(joined), [8, 0, 1]);
  edge.write('first ');
  await eventually(() => atClient.bytes().length === 6, 'the first part');
  edge.end('second');
  await eventually(() => atClient.ended() && a.hears('relayEnded'), 'all is over');
  assert.equal(atClient.bytes().toString(), 'first second');
  assert.deepEqual(a.heard, ['relayEnded 0']);
});

test('a reset of one side is a reset of the other', async (t) => {
  for (const side of ['client', 'edge'] as const) {
    const joined = await join(t);
    const [breaking, left] = side === 'client' ? [joined.client, joined.edge] : [joined.edge, joined.client];
    const failure = once(left, 'error') as Promise<[NodeJS.ErrnoException]>;
    left.resume();
    breaking.resetAndDestroy();
    assert.equal((await failure)[0].code, 'ECONNRESET');
    await eventually(() => joined.a.hears('relayEnded'), 'told');
    assert.deepEqual(joined.a.heard, [`relayEnded ${reset}`]);
  }
});

test('a side that has gone altogether while the other still sends costs that one no byte', async (t) => {
  const { scene, client, edge, a } = await join(t);
  const chunk = Buffer.alloc(32_768, 'x');
  let written = 0;
  client.pause();
  await eventually(() => {
    if (scene.sockets.queued(a.id) > 0) return true;
    edge.write(chunk);
    written += chunk.length;
    return false;
  }, 'bytes wait in the relay');
  const sent = once(edge, 'finish');
  edge.end('last');
  await sent;
  edge.destroy();
  // The first of these is answered by a reset of the edge, the next one fails.
  for (const word of ['too', 'late']) client.write(word);
  const got = gather(client);
  await eventually(() => got.ended(), 'the client has read all');
  assert.equal(got.bytes().length, written + 4);
  assert.ok(!a.hears('relayEnded'));
  client.end('and later');
  await eventually(() => a.hears('relayEnded'), 'the relay has ended');
  assert.deepEqual(a.heard, ['relayEnded 0']);
});

test('bytes are counted while they flow', async (t) => {
  const joined = await join(t);
  joined.client.write('12345');
  await eventually(() => count(joined)[0] === 5, 'counted');
  joined.edge.write('123');
  await eventually(() => count(joined)[1] === 3, 'counted');
  assert.deepEqual(count(joined), [5, 3, 0]);
});

test('a relay that is closed ends on both sides without an event', async (t) => {
  const joined = await join(t);
  const [atEdge, atClient] = [gather(joined.edge), gather(joined.client)];
  joined.scene.sockets.closeRelay(joined.a.id);
  await eventually(() => atEdge.ended() && atClient.ended(), 'both ends');
  assert.deepEqual([joined.a.heard, joined.b.heard], [[], []]);
  assert.deepEqual(count(joined), [0, 0, 0]);
});
