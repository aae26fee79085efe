/** Ids, batches and limits of the native sockets: who gets which event, and that none of many is lost or left open. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { test } from 'node:test';
import { NativeScene, portOf, startServer } from '../test/support/native-scene.ts';
import type { HeardSocket } from '../test/support/native-scene.ts';
import { eventually } from '../test/support/oct-inbox.ts';
import { countDescriptors } from '../test/support/own-descriptors.ts';

const manySockets = 2_500;

test('an id that is closed within a batch has no further event, and is not given again before the next', async (t) => {
  const scene = new NativeScene(t);
  const { server, sockets } = await startServer(t);
  const port = portOf(server);
  const opened = Array.from({ length: 40 }, () => scene.watch(scene.sockets.connect('127.0.0.1', port)));
  await eventually(
    () => sockets.length === 40 && opened.every((socket) => socket.hears('connected')),
    'connected',
  );
  let hasClosed = false;
  const given: number[] = [];
  scene.onEvent = ({ name }) => {
    if (name !== 'data' || hasClosed) return;
    hasClosed = true;
    // The others have their bytes in this batch or a later one; none may be heard.
    for (const { id } of opened) scene.sockets.close(id);
    for (let n = 0; n < 40; n++) given.push(scene.watch(scene.sockets.connect('127.0.0.1', port)).id);
  };
  for (const socket of sockets) socket.end('bytes');
  await eventually(() => sockets.length === 80, 'the new ones are connected');
  const ids = new Set(opened.map(({ id }) => id));
  assert.deepEqual(
    given.filter((id) => ids.has(id)),
    [],
  );
  assert.equal(opened.flatMap(({ heard }) => heard).filter((event) => event === 'data').length, 1);
  const later = scene.sockets.connect('127.0.0.1', port);
  assert.ok(ids.has(later), 'a later batch may use the id');
  scene.watch(later);
});

test('thousands of connections are served, with small buffers too, and leave no descriptor', async (t) => {
  const before = countDescriptors();
  const scene = new NativeScene(t, { readsBytes: 2_048, eventsMax: 20 });
  const listener = scene.listen();
  const port = scene.sockets.localPort(listener.id);
  const clients: HeardSocket[] = [];
  scene.onEvent = ({ name, socket }) => {
    // The listener's side answers with what it heard.
    if (name === 'data' && !clients.includes(socket)) scene.write(socket, socket.bytes);
    if (name === 'ended') scene.sockets.close(socket.id);
  };
  for (let n = 0; n < manySockets; n++) {
    const client = scene.watch(scene.sockets.connect('127.0.0.1', port));
    clients.push(client);
    assert.ok(scene.sockets.writeLatin1(client.id, `number ${n}`) > 0);
    if (n % 250 === 249) await eventually(() => listener.accepted.length > n - 100, 'the backlog is short');
  }
  await eventually(() => clients.every((client) => client.hears('data')), 'all have their answer');
  assert.ok(clients.every((client, n) => client.bytes.toString() === `number ${n}`));
  for (const { id } of clients) scene.sockets.close(id);
  await eventually(() => listener.accepted.every((socket) => socket.hears('ended')), 'all are over');
  scene.sockets.shutDown();
  assert.equal(countDescriptors(), before);
});

test('what the owner throws is an uncaught exception, and a thread may end with sockets open', async () => {
  const program = `
    import { parentPort } from 'node:worker_threads';
    const { loadNativeSockets } = await import(${JSON.stringify(new URL('binding.ts', import.meta.url).href)});
    const sockets = loadNativeSockets();
    process.once('uncaughtException', (error) => {
      parentPort.postMessage(error.message);
      process.exit(3);
    });
    sockets.open(new Uint8Array(1024), new Int32Array(80), () => {
      throw new Error('thrown by the owner');
    });
    const port = sockets.localPort(sockets.listen('127.0.0.1', 0, 5));
    sockets.writeLatin1(sockets.connect('127.0.0.1', port), 'x');`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`));
  const said: unknown[] = [];
  worker.on('message', (message) => said.push(message));
  const [code] = (await once(worker, 'exit')) as [number];
  assert.deepEqual([said, code], [['thrown by the owner'], 3]);
});
