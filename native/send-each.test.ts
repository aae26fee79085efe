/** Bytes to many connections with one call: each has its own, in order, and what one does not take harms no other. */
import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { NativeScene, gather, openPair } from '../test/support/native-scene.ts';
import { eventually } from '../test/support/oct-inbox.ts';

interface Line {
  readonly fd: number;
  readonly far: Socket;
}

/** A connection whose near end is a plain descriptor. */
async function openLine(t: TestContext, scene: NativeScene): Promise<Line> {
  const { near, far } = await openPair(t, scene);
  const fd = scene.sockets.detach(near.id);
  t.after(() => closeSync(fd));
  return { fd, far };
}

/** Sends to each the parts of `bytes` that are named for it; gives how much of them was taken. */
function sendEach(scene: NativeScene, bytes: Uint8Array, orders: readonly [number, number[]][]): number[] {
  const receivers = Int32Array.from(orders.flatMap(([fd, spans]) => [fd, spans.length / 2]));
  const spans = Int32Array.from(orders.flatMap(([, spans]) => spans));
  scene.sockets.sendEach(bytes, receivers, spans, orders.length);
  return orders.map((_, index) => receivers[2 * index + 1]!);
}

test('each connection is sent its own spans, in order, and some share theirs', async (t) => {
  const scene = new NativeScene(t);
  const lines = [await openLine(t, scene), await openLine(t, scene), await openLine(t, scene)];
  const heard = lines.map(({ far }) => gather(far));
  const spans = [
    [0, 5],
    [6, 11, 0, 5, 3, 3],
    [0, 5, 5, 11],
  ];
  const orders = lines.map(({ fd }, index): [number, number[]] => [fd, spans[index]!]);
  assert.deepEqual(sendEach(scene, Buffer.from('hello world'), orders), [5, 10, 11]);
  await eventually(() => heard.every(({ bytes }) => bytes().length >= 5), 'all have heard');
  await eventually(() => heard[2]!.bytes().length === 11, 'all of it');
  assert.deepEqual(
    heard.map(({ bytes }) => bytes().toString()),
    ['hello', 'worldhello', 'hello world'],
  );
});

test('a connection that takes a part or nothing says how much, and the others have theirs', async (t) => {
  const scene = new NativeScene(t);
  const [slow, gone, quick] = [await openLine(t, scene), await openLine(t, scene), await openLine(t, scene)];
  const heard = gather(slow.far);
  slow.far.pause();
  const much = Buffer.alloc(16_777_216, 'x');
  gone.far.resetAndDestroy();
  await eventually(() => sendEach(scene, much, [[gone.fd, [0, 1]]])[0] === 0, 'the reset has come');
  const [some, none, all] = sendEach(scene, much, [
    [slow.fd, [0, much.length]],
    [gone.fd, [0, 100]],
    [quick.fd, [0, 100]],
  ]);
  assert.ok(some! > 0 && some! < much.length, `${some} bytes`);
  assert.deepEqual([none, all], [0, 100]);
  assert.deepEqual(sendEach(scene, much, [[slow.fd, [0, 1]]]), [0]);
  slow.far.resume();
  await eventually(() => heard.bytes().length === some, 'what was taken arrives');
});

const wrong: readonly (readonly [string, readonly number[], readonly number[], number])[] = [
  ['a span that ends behind the bytes', [1], [0, 12], 1],
  ['a span that begins before them', [1], [-1, 3], 1],
  ['a span that ends before it begins', [1], [3, 2], 1],
  ['a span that is missing', [2], [0, 3], 1],
  ['no span', [0], [0, 3], 1],
  ['more spans than the kernel takes', [1_025], Array.from({ length: 2_050 }, () => 0), 1],
  ['more receivers than there are', [1], [0, 3, 0, 3], 2],
  ['fewer than none', [1], [0, 3], -1],
];

for (const [name, counts, spans, count] of wrong) {
  test(`${name}: refused, and nothing is sent`, async (t) => {
    const scene = new NativeScene(t);
    const { fd, far } = await openLine(t, scene);
    const heard = gather(far);
    const receivers = Int32Array.from([fd, 1, ...counts.flatMap((spansCount) => [fd, spansCount])]);
    const all = Int32Array.from([0, 11, ...spans]);
    const bytes = Buffer.from('hello world');
    assert.throws(() => scene.sockets.sendEach(bytes, receivers, all, count < 0 ? count : count + 1), {
      name: 'RangeError',
      code: 'ERR_OUT_OF_RANGE',
    });
    sendEach(scene, Buffer.from('.'), [[fd, [0, 1]]]);
    await eventually(() => heard.bytes().length > 0, 'something comes');
    assert.equal(heard.bytes().toString(), '.');
  });
}

test('arrays of another type are refused', (t) => {
  const { sockets } = new NativeScene(t);
  const numbers = new Int32Array(2);
  const wrongs = [new Float64Array(2), new Uint8Array(8), 'x'] as unknown as Int32Array[];
  for (const other of wrongs) {
    const refusal = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
    assert.throws(() => sockets.sendEach(Buffer.alloc(8), other, numbers, 1), refusal);
    assert.throws(() => sockets.sendEach(Buffer.alloc(8), numbers, other, 1), refusal);
  }
});
