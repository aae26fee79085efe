/** How a connection of HTTP/2 stops: whoever ends its process waits until the client knows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCode, openFrames, request, requestFields } from '../../test/support/http2-frames.ts';
import { openHttp2Scene } from '../../test/support/http2-scene.ts';
import { eventually } from '../../test/support/oct-inbox.ts';

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
