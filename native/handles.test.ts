/** Descriptors that travel over a Unix-domain socket: with their messages, in order, and none left open. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { NativeScene, gather, openPair } from '../test/support/native-scene.ts';
import type { HeardSocket } from '../test/support/native-scene.ts';
import { eventually } from '../test/support/oct-inbox.ts';
import { countDescriptors } from '../test/support/own-descriptors.ts';

const childMaxMs = 60_000;

function openPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-line-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'line');
}

/** Both ends of a line within this process. */
async function openLine(
  t: TestContext,
  scene: NativeScene,
): Promise<{ near: HeardSocket; far: HeardSocket }> {
  const path = openPath(t);
  const listener = scene.watch(scene.sockets.listenPath(path, 16));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const near = scene.watch(scene.sockets.connectPath(path));
  await eventually(() => listener.accepted.length === 1 && near.hears('connected'), 'the line stands');
  scene.sockets.stopListening(listener.id);
  const far = listener.accepted[0]!;
  scene.sockets.takeHandles(far.id);
  return { near, far };
}

function send(scene: NativeScene, line: HeardSocket, given: HeardSocket, bytes: Buffer): number {
  return scene.sockets.sendHandle(line.id, given.id, bytes, 0, bytes.length);
}

test('a connection that was handed on lives on when the sender lets go of it', async (t) => {
  const scene = new NativeScene(t);
  const { near, far } = await openLine(t, scene);
  const client = await openPair(t, scene);
  const heard = gather(client.far);
  scene.sockets.pause(client.near.id);
  assert.equal(send(scene, near, client.near, Buffer.from('take it')), 0);
  await eventually(() => far.handles.length === 1 && far.count === 7, 'the descriptor has come');
  scene.sockets.closeHandle(scene.sockets.detach(client.near.id), false);
  const taken = new Socket({ fd: far.handles[0]!, allowHalfOpen: true });
  t.after(() => taken.destroy());
  const read = gather(taken);
  client.far.write('hello');
  await eventually(() => read.bytes().toString() === 'hello', 'what the client says arrives');
  taken.end('bye');
  await eventually(() => heard.bytes().toString() === 'bye' && heard.ended(), 'what the client hears');
});

test('a cut ends the connection for whoever else has it', async (t) => {
  const scene = new NativeScene(t);
  const { near, far } = await openLine(t, scene);
  const client = await openPair(t, scene);
  const heard = gather(client.far);
  scene.sockets.pause(client.near.id);
  send(scene, near, client.near, Buffer.from('x'));
  await eventually(() => far.handles.length === 1, 'the descriptor has come');
  scene.sockets.closeHandle(scene.sockets.detach(client.near.id), true);
  await eventually(() => heard.ended(), 'the client hears of the end');
  scene.sockets.closeHandle(far.handles[0]!, false);
});

test('descriptors come with their own messages, also when plain ones stand between them', async (t) => {
  const scene = new NativeScene(t);
  const { near, far } = await openLine(t, scene);
  const order: string[] = [];
  scene.onEvent = ({ name, socket }) => {
    if (socket === far && name === 'handle') order.push('handle');
    if (socket === far && name === 'data') order.push(far.bytes.subarray(-far.lastLength).toString());
  };
  const clients = [await openPair(t, scene), await openPair(t, scene)];
  for (const client of clients) scene.sockets.pause(client.near.id);
  scene.write(near, Buffer.from('a'));
  send(scene, near, clients[0]!.near, Buffer.from('B'));
  scene.write(near, Buffer.from('c'));
  send(scene, near, clients[1]!.near, Buffer.from('D'));
  scene.write(near, Buffer.from('e'));
  await eventually(() => far.bytes.toString() === 'aBcDe', 'all messages have come');
  // A read may begin with bytes that came before the descriptor, and ends with those that brought it.
  assert.match(order.join(' '), /^handle a?B handle c?D e$|^a handle B handle c?D e$/);
  for (const fd of far.handles) scene.sockets.closeHandle(fd, false);
});

test('a full line says so, and tells when there is room again', async (t) => {
  const scene = new NativeScene(t);
  const { near, far } = await openLine(t, scene);
  const client = await openPair(t, scene);
  scene.sockets.pause(client.near.id);
  scene.sockets.pause(far.id);
  let sent = 0;
  while (send(scene, near, client.near, Buffer.from('x')) === 0) sent++;
  assert.ok(sent > 10);
  assert.equal(send(scene, near, client.near, Buffer.from('x')), -2);
  assert.ok(!near.hears('drained'));
  scene.sockets.resume(far.id);
  await eventually(() => near.hears('drained') && far.handles.length === sent, 'room again');
  assert.equal(send(scene, near, client.near, Buffer.from('y')), 0);
  await eventually(() => far.handles.length === sent + 1, 'the last one has come');
  for (const fd of far.handles) scene.sockets.closeHandle(fd, false);
});

test('what cannot be handed on is refused: a socket that is over, joined or holds bytes, a line that is over', async (t) => {
  const scene = new NativeScene(t);
  const { near } = await openLine(t, scene);
  const client = await openPair(t, scene);
  const other = await openPair(t, scene);
  assert.equal(scene.sockets.sendHandle(near.id, 999_999, Buffer.from('x'), 0, 1), -3);
  assert.equal(scene.sockets.sendHandle(near.id, client.near.id, Buffer.from('x'), 0, 0), -3);
  client.far.pause();
  while (scene.write(client.near, Buffer.alloc(65_536)) === 0);
  assert.equal(send(scene, near, client.near, Buffer.from('x')), -3);
  scene.sockets.close(near.id);
  assert.equal(send(scene, near, other.near, Buffer.from('x')), -1);
});

test('a descriptor on its way to a line that closes is left open nowhere', async (t) => {
  const scene = new NativeScene(t);
  const { near, far } = await openLine(t, scene);
  const before = countDescriptors();
  const client = await openPair(t, scene);
  const heard = gather(client.far);
  scene.sockets.pause(client.near.id);
  scene.sockets.pause(far.id);
  assert.equal(send(scene, near, client.near, Buffer.from('x')), 0);
  scene.sockets.closeHandle(scene.sockets.detach(client.near.id), false);
  scene.sockets.close(far.id);
  await eventually(() => heard.ended() || client.far.destroyed, 'the kernel has closed the connection');
  client.far.destroy();
  scene.sockets.close(near.id);
  await eventually(() => countDescriptors() <= before - 2, 'no descriptor is left');
});

test('a path that is taken or too long is thrown as Node throws it', async (t) => {
  const scene = new NativeScene(t);
  const path = openPath(t);
  const listener = scene.watch(scene.sockets.listenPath(path, 16));
  assert.throws(() => scene.sockets.listenPath(path, 16), { code: 'EADDRINUSE', syscall: 'listen' });
  assert.throws(() => scene.sockets.listenPath(`/tmp/${'x'.repeat(110)}`, 16), { code: 'ENAMETOOLONG' });
  const socket = connect(path);
  t.after(() => socket.destroy());
  await eventually(() => listener.accepted.length === 1, 'the line takes connections of others, too');
});

test('a process without room for a descriptor hears of it, and the next one comes whole', async () => {
  const program = join(import.meta.dirname, '..', 'test', 'support', 'native-handle-starved.ts');
  const { stdout } = await promisify(execFile)(
    'sh',
    ['-c', 'ulimit -n 64 && exec "$0" "$1"', process.execPath, program],
    { timeout: childMaxMs },
  );
  assert.equal(stdout, 'lost\ncame\n');
});
