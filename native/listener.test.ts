/** Native listeners: addresses, faults, and what happens when descriptors run out. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { NativeScene } from '../test/support/native-scene.ts';
import { eventually } from '../test/support/oct-inbox.ts';

const childMaxMs = 60_000;

function connectFrom(t: TestContext, host: string, port: number): Socket {
  const socket = connect({ host, port });
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  return socket;
}

test('listeners take connections on IPv4, IPv6 and both, and say who came', async (t) => {
  const scene = new NativeScene(t);
  for (const [address, host, peer] of [
    ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
    ['::1', '::1', '::1'],
    ['::', '127.0.0.1', '::ffff:127.0.0.1'],
    ['::', '::1', '::1'],
    ['0.0.0.0', '127.0.0.1', '127.0.0.1'],
  ] as const) {
    const listener = scene.listen(address);
    const far = connectFrom(t, host, scene.sockets.localPort(listener.id));
    await eventually(() => listener.accepted.length === 1, `accepted on ${address}`);
    const [near] = listener.accepted;
    assert.equal(scene.sockets.peerAddress(near!.id), peer);
    far.resetAndDestroy();
    await eventually(() => near!.hears('closed'), 'gone');
  }
});

test('a port that is taken, or an address that is not ours, is thrown as Node throws it', async (t) => {
  const scene = new NativeScene(t);
  const port = scene.sockets.localPort(scene.listen().id);
  assert.throws(() => scene.listen('127.0.0.1', port), {
    code: 'EADDRINUSE',
    syscall: 'listen',
    message: `listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
  });
  assert.throws(() => scene.listen('192.0.2.1'), { code: 'EADDRNOTAVAIL' });
  assert.throws(() => scene.listen('example'), { code: 'EINVAL' });
});

test('a listener that stopped refuses, and its port is free', async (t) => {
  const scene = new NativeScene(t);
  const listener = scene.listen();
  const port = scene.sockets.localPort(listener.id);
  scene.sockets.stopListening(listener.id);
  const far = connect({ host: '127.0.0.1', port });
  const [error] = (await once(far, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
  scene.listen('127.0.0.1', port);
});

test('a listener without descriptors says so, and goes on when it is told to', async () => {
  const program = join(import.meta.dirname, '..', 'test', 'support', 'native-starved.ts');
  const command = `ulimit -n 64 && exec "$0" "$1"`;
  const { stdout } = await promisify(execFile)('sh', ['-c', command, process.execPath, program], {
    timeout: childMaxMs,
  });
  assert.equal(stdout, 'acceptFailed 24\nevery connection was served\n');
});

test('a listener that is paused leaves connections in the queue, and takes them when it goes on', async (t) => {
  const scene = new NativeScene(t);
  const listener = scene.listen();
  const port = scene.sockets.localPort(listener.id);
  scene.sockets.pauseAccepting(listener.id);
  const far = [connectFrom(t, '127.0.0.1', port), connectFrom(t, '127.0.0.1', port)];
  await Promise.all(far.map(async (socket) => await once(socket, 'connect')));
  // A connection to another listener is accepted after what came before it.
  const other = scene.listen();
  connectFrom(t, '127.0.0.1', scene.sockets.localPort(other.id));
  await eventually(() => other.accepted.length === 1, 'others are served');
  assert.equal(listener.accepted.length, 0);
  scene.sockets.resumeAccepting(listener.id);
  await eventually(() => listener.accepted.length === 2, 'they are taken');
});

test('of a crowd that comes at once a few are taken at a time, and who is here already is heard in between', async (t) => {
  const scene = new NativeScene(t);
  const listener = scene.listen();
  const port = scene.sockets.localPort(listener.id);
  const here = connectFrom(t, '127.0.0.1', port);
  await eventually(() => listener.accepted.length === 1, 'one is here');
  const [near] = listener.accepted;
  scene.sockets.pauseAccepting(listener.id);
  const crowd = Array.from({ length: 200 }, () => connectFrom(t, '127.0.0.1', port));
  await Promise.all(crowd.map(async (socket) => await once(socket, 'connect')));
  let takenBefore: number | undefined;
  scene.onEvent = ({ socket }) => {
    if (socket === near) takenBefore = listener.accepted.length - 1;
  };
  scene.sockets.resumeAccepting(listener.id);
  here.write('x');
  await eventually(() => listener.accepted.length === crowd.length + 1, 'all are taken');
  assert.equal(String(near!.bytes), 'x');
  assert.ok(takenBefore! <= 16, `${takenBefore} of the crowd were taken first`);
});
