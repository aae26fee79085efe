/** What a connection tells of its client, so that limits on the address may count it: floods, and requests that were left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../test/support/front-door.ts';
import {
  openFrames,
  ping,
  request,
  requestFields,
  reset,
  settingsFrame,
} from '../../test/support/http2-frames.ts';
import { openHttp2Scene } from '../../test/support/http2-scene.ts';
import { startHttpEdge } from '../../test/support/wire-scene.ts';

function unanswered(blamed: readonly string[]): number {
  return blamed.filter((what) => what === 'unanswered').length;
}

test('streams that are reset, or that end with their connection, are told of; those with their answer are not', async (t) => {
  const asked: string[] = [];
  const edge = await startHttpEdge(t, ({ url }, response) => {
    asked.push(url!);
    if (url === '/') response.end('answer');
  });
  const scene = await openHttp2Scene(t, { a: edge });
  const connection = await openFrames(t, scene.port);
  connection.send(request(1, requestFields('/')));
  await until(() => Promise.resolve(connection.hasEndOf(1)), 'it is answered');
  connection.send(...[3, 5, 7, 9].map((stream) => request(stream, requestFields('/silent'))));
  await until(() => Promise.resolve(asked.length === 5), 'the edge is asked');
  connection.send(reset(3), reset(5), request(11, requestFields('/')), reset(11));
  await until(() => Promise.resolve(unanswered(scene.blamed) === 3), 'three were reset');
  connection.socket.destroy();
  await until(() => Promise.resolve(unanswered(scene.blamed) === 5), 'two were left');
  assert.equal(scene.blamed.length, 5, 'and that is all');
});

test('floods are told of; what breaks the protocol by a fault is not', async (t) => {
  const scene = await openHttp2Scene(t, { a: await startHttpEdge(t, (_, response) => void response.end()) });
  const pinging = await openFrames(t, scene.port);
  pinging.send(...Array.from({ length: 100 }, () => ping()));
  await pinging.whenEnded();
  const faulty = await openFrames(t, scene.port);
  // More entries in one frame than we take: as a library with a fault might.
  faulty.send(settingsFrame(Array.from({ length: 100 }, () => [4, 65_535] as const)));
  await faulty.whenEnded();
  await until(async () => (await scene.floods())['protocol'] === 1, 'the fault is counted');
  assert.deepEqual(scene.blamed, ['ping']);
});

test('who comes while a rapid reset is under way may leave a few requests, and is told of as no more than a suspect', async (t) => {
  const asked: string[] = [];
  const edge = await startHttpEdge(t, ({ url }, response) => {
    asked.push(url!);
    if (url === '/') response.end('answer');
  });
  const scene = await openHttp2Scene(t, { a: edge }, {}, true);
  const page = await openFrames(t, scene.port);
  const few = [1, 3, 5, 7, 9, 11, 13, 15];
  page.send(...few.map((stream) => request(stream, requestFields('/silent'))));
  await until(() => Promise.resolve(asked.length === few.length), 'the edge is asked');
  page.send(...few.map((stream) => reset(stream)), request(17, requestFields('/')));
  await until(() => Promise.resolve(page.hasEndOf(17)), 'it goes on');
  assert.equal(unanswered(scene.blamed), few.length);

  const flooding = await openFrames(t, scene.port);
  for (let stream = 1; stream < 200; stream += 2)
    flooding.send(request(stream, requestFields('/silent')), reset(stream));
  await flooding.whenEnded();
  assert.deepEqual(await scene.floods(), { 'rapid-reset': 1 });
  assert.deepEqual(
    scene.blamed.filter((what) => what !== 'unanswered'),
    ['suspect'],
  );
});
