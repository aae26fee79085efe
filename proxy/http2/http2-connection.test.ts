/** How a connection of HTTP/2 takes requests in, and how it stops: whoever ends its process waits until the client knows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  errorCode,
  frame,
  frameType,
  number,
  openBare,
  openFrames,
  preface,
  request,
  requestFields,
  reset,
  settingsFrame,
} from '../../test/support/http2-frames.ts';
import { openHttp2Scene } from '../../test/support/http2-scene.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { startHttpEdge } from '../../test/support/wire-scene.ts';

test('a connection that stops is there until its client has read so and closed it, too', async (t) => {
  const scene = await openHttp2Scene(t, {});
  const client = await openFrames(t, scene.port);
  const faults: Error[] = [];
  client.socket.on('error', (fault) => faults.push(fault));
  client.socket.pause();
  const [connection] = scene.connections;
  connection!.stop();
  // What it asks meanwhile would be answered by a reset, if nobody read it.
  client.send(request(1, requestFields('/')));
  assert.equal(scene.connections.size, 1);
  client.socket.resume();
  await client.whenEnded();
  assert.equal(client.goaway, errorCode.none);
  await eventually(() => scene.connections.size === 0, 'the connection is over');
  assert.deepEqual(faults, []);
});

test('a client that never closes its side is let go in time', async (t) => {
  const scene = await openHttp2Scene(t, {});
  const client = await openFrames(t, scene.port);
  client.socket.pause();
  const [connection] = scene.connections;
  connection!.stop();
  assert.equal(scene.connections.size, 1);
  scene.wire.clockAheadMs += 1_100;
  await eventually(() => scene.connections.size === 0, 'the connection is over');
});

test('a client that says GOAWAY, breaks the protocol while it is owed an answer, and stays, is let go in time', async (t) => {
  const asked = Promise.withResolvers<void>();
  const edge = await startHttpEdge(t, () => asked.resolve());
  const scene = await openHttp2Scene(t, { a: edge });
  const client = await openBare(t, scene.port);
  const goaway = frame(frameType.goaway, 0, 0, Buffer.concat([number(0), number(0)]));
  const wrong = frame(frameType.ping, 0, 0, Buffer.alloc(9));
  client.send(preface, settingsFrame([]), request(1, requestFields('/')), goaway, wrong);
  await asked.promise;
  await client.when(() => client.goaway === errorCode.frameSize, 'it is told');
  await eventually(() => {
    scene.wire.clockAheadMs += 1_000;
    return client.hasEnded && scene.connections.size === 0;
  }, 'the connection is over');
});

test('a request that is reset in the read that brought it reaches no edge; who asks beside it is answered', async (t) => {
  const asked: string[] = [];
  const edge = await startHttpEdge(t, ({ url }, response) => {
    asked.push(url!);
    response.end('answer');
  });
  const scene = await openHttp2Scene(t, { a: edge });
  const connection = await openFrames(t, scene.port);
  const left = Array.from({ length: 50 }, (_, i) => 3 + 2 * i);
  // From now on a connection to the edge waits for the next request.
  connection.send(request(1, requestFields('/kept')));
  await eventually(() => connection.hasEndOf(1), 'it is answered');
  // One write, one record of TLS, one read.
  connection.send(
    ...left.flatMap((stream) => [request(stream, requestFields('/left')), reset(stream)]),
    request(105, requestFields('/kept')),
  );
  await eventually(() => connection.hasEndOf(105), 'it is answered, too');
  assert.deepEqual(asked, ['/kept', '/kept']);
  assert.equal(scene.blamed.length, left.length, 'each counts as one without an answer');
});
