/** Native connections against `node:net` peers: every byte, both ways, and every way to end. */
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { NativeScene, gather, openPair, portOf, startServer } from '../test/support/native-scene.ts';
import type { HeardSocket } from '../test/support/native-scene.ts';
import { eventually } from '../test/support/oct-inbox.ts';
import { countDescriptors } from '../test/support/own-descriptors.ts';

const refused = 111;
const reset = 104;

async function connectTo(t: TestContext, scene: NativeScene): Promise<{ near: HeardSocket; far: Socket }> {
  const { server, sockets } = await startServer(t);
  const near = scene.watch(scene.sockets.connect('127.0.0.1', portOf(server)));
  await eventually(() => near.hears('connected') && sockets.length === 1, 'connected');
  return { near, far: sockets[0]! };
}

/** Cuts bytes into pieces of random sizes, many of them small. */
function* cut(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const size = randomInt(3) === 0 ? randomInt(1, 10) : randomInt(1, 150_000);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

test('bytes of both ways arrive as they were sent, whatever their sizes', async (t) => {
  const scene = new NativeScene(t);
  const { near, far } = await connectTo(t, scene);
  const [there, back] = [randomBytes(4_000_000), randomBytes(4_000_001)];
  const got = gather(far);
  for (const piece of cut(there)) assert.ok(scene.write(near, piece) >= 0);
  for (const piece of cut(back)) far.write(piece);
  far.end();
  scene.sockets.shutdownWrite(near.id);
  await eventually(() => near.hears('ended') && got.ended(), 'both have ended');
  assert.ok(near.bytes.equals(back));
  assert.ok(got.bytes().equals(there));
  assert.ok(!near.hears('closed'));
});

test('text and bytes are written in their order, with head and body as one', async (t) => {
  const scene = new NativeScene(t);
  const { near, far } = await connectTo(t, scene);
  const got = gather(far);
  const long = 'ÿ'.repeat(200_000);
  assert.ok(scene.sockets.writeLatin1(near.id, 'GET / é\r\n') >= 0);
  assert.ok(scene.sockets.writeBoth(near.id, 'head ', Buffer.from('a body b'), 2, 6) >= 0);
  assert.ok(scene.sockets.writeLatin1(near.id, long) >= 0);
  assert.ok(scene.sockets.writeBoth(near.id, long, Buffer.from('end'), 0, 3) >= 0);
  scene.sockets.shutdownWrite(near.id);
  await eventually(() => got.ended(), 'all has arrived');
  assert.equal(got.bytes().toString('latin1'), `GET / é\r\nhead body${long}${long}end`);
});

test('what is written before the connection stands goes first', async (t) => {
  const scene = new NativeScene(t);
  const { server, sockets } = await startServer(t);
  const near = scene.watch(scene.sockets.connect('127.0.0.1', portOf(server)));
  assert.equal(scene.sockets.writeLatin1(near.id, 'early '), 6);
  assert.equal(scene.sockets.writeLatin1(near.id, 'bird'), 10);
  scene.sockets.shutdownWrite(near.id);
  assert.equal(scene.sockets.writeLatin1(near.id, 'late'), -1);
  await eventually(() => sockets.length === 1, 'the connection is there');
  const got = gather(sockets[0]!);
  await eventually(() => got.ended() && near.hears('drained'), 'all has arrived');
  assert.equal(got.bytes().toString(), 'early bird');
  assert.deepEqual(near.heard, ['connected', 'drained']);
});

test('what a slow reader does not take is queued, and the end of the queue is told', async (t) => {
  const scene = new NativeScene(t);
  const { near, far } = await connectTo(t, scene);
  far.pause();
  const chunk = randomBytes(1_000_000);
  let written = 0;
  while (scene.sockets.queued(near.id) < 3_000_000) {
    const queued = scene.write(near, chunk);
    written += chunk.length;
    assert.ok(queued >= 0 && queued <= written);
    assert.equal(scene.sockets.queued(near.id), queued);
  }
  assert.ok(!near.hears('drained'));
  const got = gather(far);
  await eventually(() => near.hears('drained'), 'the queue is empty');
  assert.equal(scene.sockets.queued(near.id), 0);
  await eventually(() => got.bytes().length === written, 'every byte has arrived');
  assert.deepEqual(near.heard, ['connected', 'drained']);
});

test('a pause stops reading, and nothing is lost by it', async (t) => {
  const scene = new NativeScene(t);
  const { near, far } = await connectTo(t, scene);
  scene.sockets.pause(near.id);
  const bytes = randomBytes(300_000);
  far.end(bytes);
  await once(far, 'finish');
  const other = await connectTo(t, scene);
  other.far.write('x');
  await eventually(() => other.near.hears('data'), 'another socket is read meanwhile');
  assert.equal(near.count, 0);
  scene.sockets.resume(near.id);
  await eventually(() => near.hears('ended'), 'all is read');
  assert.ok(near.bytes.equals(bytes));
});

test('a half close leaves the other direction open, whoever begins', async (t) => {
  const scene = new NativeScene(t);
  const first = await connectTo(t, scene);
  first.far.end('question');
  await eventually(() => first.near.hears('ended'), 'the end is heard');
  const got = gather(first.far);
  assert.ok(scene.sockets.writeLatin1(first.near.id, 'answer') >= 0);
  scene.sockets.shutdownWrite(first.near.id);
  await eventually(() => got.ended(), 'the answer and its end');
  assert.equal(got.bytes().toString(), 'answer');

  const second = await connectTo(t, scene);
  const asked = gather(second.far);
  scene.sockets.writeLatin1(second.near.id, 'question');
  scene.sockets.shutdownWrite(second.near.id);
  await eventually(() => asked.ended(), 'the far end hears the end');
  second.far.end('answer');
  await eventually(() => second.near.hears('ended'), 'the answer and its end');
  assert.equal(second.near.bytes.toString(), 'answer');
});

test('a reset of the peer is told as closed, also to a reader that pauses', async (t) => {
  const scene = new NativeScene(t);
  for (const isPaused of [false, true]) {
    const { near, far } = await connectTo(t, scene);
    if (isPaused) scene.sockets.pause(near.id);
    far.resetAndDestroy();
    await eventually(() => near.hears('closed'), 'the reset is heard');
    assert.equal(near.heard.at(-1), `closed ${reset}`);
    assert.equal(scene.sockets.writeLatin1(near.id, 'x'), -1);
  }
});

test('what came before a reset is read before it is told, however late', async (t) => {
  const scene = new NativeScene(t);
  const { near, far } = await connectTo(t, scene);
  scene.sockets.pause(near.id);
  far.write('last words');
  await eventually(() => far.bytesWritten === 10 && far.writableLength === 0, 'the words are on their way');
  far.resetAndDestroy();
  // The first write may still be taken; one after the reset is not.
  await eventually(() => scene.sockets.writeLatin1(near.id, 'x') === -1, 'the reset is noticed by a write');
  assert.deepEqual(near.heard, ['connected']);
  scene.sockets.resume(near.id);
  await eventually(() => near.hears('closed'), 'the reset is heard');
  assert.equal(near.bytes.toString(), 'last words');
});

test('our reset is a reset to the peer, our close an end', async (t) => {
  const scene = new NativeScene(t);
  const gone = await connectTo(t, scene);
  const failure = once(gone.far, 'error') as Promise<[NodeJS.ErrnoException]>;
  gone.far.resume();
  scene.sockets.reset(gone.near.id);
  assert.equal((await failure)[0].code, 'ECONNRESET');
  const closed = await connectTo(t, scene);
  const got = gather(closed.far);
  scene.sockets.writeLatin1(closed.near.id, 'bye');
  scene.sockets.close(closed.near.id);
  await eventually(() => got.ended(), 'the end');
  assert.equal(got.bytes().toString(), 'bye');
  assert.equal(scene.sockets.writeLatin1(closed.near.id, 'x'), -1);
  assert.deepEqual([gone.near.heard, closed.near.heard], [['connected'], ['connected']]);
});

test('a refused connection is told as closed, an address that is none is thrown', async (t) => {
  const scene = new NativeScene(t);
  const { server } = await startServer(t);
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  const near = scene.watch(scene.sockets.connect('127.0.0.1', port));
  await eventually(() => near.hears('closed'), 'the refusal');
  assert.deepEqual(near.heard, [`closed ${refused}`]);
  assert.throws(() => scene.sockets.connect('localhost', port), { code: 'EINVAL' });
  assert.throws(() => scene.sockets.connect('127.0.0.1', 65_536), { code: 'EINVAL' });
});

test('sockets of a path work like those of a port, and a path where nobody listens is told', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-native-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'socket');
  const scene = new NativeScene(t);
  const { sockets } = await startServer(t, path);
  const near = scene.watch(scene.sockets.connectPath(path));
  await eventually(() => near.hears('connected') && sockets.length === 1, 'connected');
  const bytes = randomBytes(2_000_000);
  const got = gather(sockets[0]!);
  scene.write(near, bytes);
  scene.sockets.shutdownWrite(near.id);
  sockets[0]!.end(bytes);
  await eventually(() => got.ended() && near.hears('ended'), 'both have ended');
  assert.ok(got.bytes().equals(bytes) && near.bytes.equals(bytes));
  assert.equal(scene.sockets.peerAddress(near.id), '');
  const nobody = scene.watch(scene.sockets.connectPath(join(folder, 'nobody')));
  await eventually(() => nobody.hears('closed'), 'the fault');
  assert.deepEqual(nobody.heard, ['closed 2']);
  assert.throws(() => scene.sockets.connectPath('x'.repeat(200)), { code: 'ENAMETOOLONG' });
});

test('a descriptor that is given away lives on as a socket of node:net', async (t) => {
  const scene = new NativeScene(t);
  const { far, near } = await openPair(t, scene);
  far.write('to the native side');
  await eventually(() => near.count === 18, 'the first bytes');
  const fd = scene.sockets.detach(near.id);
  assert.equal(scene.sockets.detach(near.id), -1);
  const taken = new Socket({ fd });
  t.after(() => taken.destroy());
  const got = gather(taken);
  far.end('to the other one');
  await eventually(() => got.ended(), 'the rest');
  assert.equal(got.bytes().toString(), 'to the other one');
  assert.deepEqual(near.heard, ['data']);
});

test('nothing is left open after a shutdown, whatever was under way', async (t) => {
  const before = countDescriptors();
  const scene = new NativeScene(t);
  const { near, far } = await openPair(t, scene);
  scene.write(near, Buffer.alloc(5_000_000));
  scene.sockets.connect('127.0.0.1', 9);
  scene.listen();
  scene.sockets.shutDown();
  far.destroy();
  await once(far, 'close');
  assert.equal(countDescriptors(), before);
  assert.throws(() => scene.sockets.listen('127.0.0.1', 0, 1), { code: 'ERR_SOCKETS_NOT_OPEN' });
});
