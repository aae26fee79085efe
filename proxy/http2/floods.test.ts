/** What one client can do to a connection of HTTP/2 ends that connection, and no other: the attacks, frame by frame. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { until } from '../../test/support/front-door.ts';
import {
  errorCode,
  flag,
  frame,
  frameType,
  headerBlock,
  number,
  openBare,
  openFrames,
  ping,
  request,
  requestFields,
  reset,
  settingsFrame,
  windowUpdate,
} from '../../test/support/http2-frames.ts';
import type { Field, FrameConnection } from '../../test/support/http2-frames.ts';
import { openHttp2Scene } from '../../test/support/http2-scene.ts';
import type { Http2Scene } from '../../test/support/http2-scene.ts';
import { startHttpEdge } from '../../test/support/wire-scene.ts';

interface Ground {
  readonly scene: Http2Scene;
  /** What reached the edge. */
  readonly asked: readonly string[];
}

const largeBytes = 262_144;

async function openGround(t: TestContext, settings = {}): Promise<Ground> {
  const asked: string[] = [];
  const edge = await startHttpEdge(t, (request, response) => {
    asked.push(request.url!);
    if (request.url === '/silent') return;
    response.end(request.url === '/large' ? Buffer.alloc(largeBytes) : 'answer');
  });
  return { scene: await openHttp2Scene(t, { a: edge }, settings), asked };
}

/** The attack ends its own connection; one that was open before goes on, and a new one is served. */
async function survives(
  t: TestContext,
  { scene }: Ground,
  attack: (connection: FrameConnection) => Promise<void> | void,
): Promise<FrameConnection> {
  const good = await openFrames(t, scene.port);
  const attacker = await openFrames(t, scene.port);
  await attack(attacker);
  await attacker.whenEnded();
  for (const [connection, stream] of [
    [good, 1],
    [good, 3],
    [await openFrames(t, scene.port), 1],
  ] as const) {
    connection.send(request(stream, requestFields('/')));
    await until(() => Promise.resolve(connection.hasEndOf(stream)), 'others are served');
    assert.equal(connection.bodyOf(stream).toString(), 'answer');
  }
  return attacker;
}

/** Odd numbers from `first` on. */
function streams(count: number, first = 1): number[] {
  return Array.from({ length: count }, (_, i) => first + 2 * i);
}

test('rapid reset: streams that are reset as they are opened end their connection, and reach no edge', async (t) => {
  const ground = await openGround(t);
  const attacker = await survives(t, ground, (connection) => {
    for (const stream of streams(2_000))
      connection.send(request(stream, requestFields('/silent')), reset(stream));
  });
  // What it sent and nobody read may take our last words from it.
  assert.ok([errorCode.calm, undefined].includes(attacker.goaway as never));
  const [[flood, count] = []] = Object.entries(await ground.scene.floods());
  assert.ok(['rapid-reset', 'streams'].includes(flood!) && count === 1);
  assert.ok(ground.asked.filter((path) => path === '/silent').length < 200);
});

test('slow rapid reset: streams that are reset once they are at the edge end their connection, too', async (t) => {
  const ground = await openGround(t);
  const attacker = await survives(t, ground, async (connection) => {
    for (let batch = 0; batch < 20 && !connection.hasEnded; batch++) {
      const opened = streams(20, 1 + batch * 40);
      connection.send(...opened.map((stream) => request(stream, requestFields('/silent'))));
      const isAsked = (): boolean => ground.asked.length === (batch + 1) * 20 || connection.hasEnded;
      await until(() => Promise.resolve(isAsked()), 'the edge is asked');
      connection.send(...opened.map((stream) => reset(stream)));
    }
  });
  assert.equal(attacker.goaway, errorCode.calm);
  assert.deepEqual(await ground.scene.floods(), { 'rapid-reset': 1 });
});

test('made-you-reset: streams that the front door has to reset for wrong frames count as resets', async (t) => {
  const ground = await openGround(t);
  const attacker = await survives(t, ground, (connection) => {
    for (const stream of streams(2_000)) {
      connection.send(request(stream, requestFields('/silent')), windowUpdate(stream, 0));
      if (connection.hasEnded) return;
    }
  });
  assert.notEqual(attacker.goaway, undefined);
  assert.equal(Object.keys(await ground.scene.floods()).length, 1);
  assert.ok(ground.asked.filter((path) => path === '/silent').length < 400);
});

test('CONTINUATION flood: a head that never ends ends its connection', async (t) => {
  const ground = await openGround(t);
  const block = headerBlock(requestFields('/'));
  const more = headerBlock([['x-more', 'a'.repeat(1_000)]]);
  await survives(t, ground, (connection) => {
    connection.send(frame(frameType.headers, flag.endStream, 1, block));
    for (let i = 0; i < 10_000 && !connection.hasEnded; i++)
      connection.send(frame(frameType.continuation, 0, 1, more));
  });
  assert.deepEqual(await ground.scene.floods(), { continuation: 1 });
  assert.ok(!ground.asked.includes('/flood'));
});

test('CONTINUATION flood of empty frames ends its connection', async (t) => {
  const ground = await openGround(t);
  await survives(t, ground, (connection) => {
    connection.send(frame(frameType.headers, flag.endStream, 1, headerBlock(requestFields('/'))));
    for (let i = 0; i < 10_000 && !connection.hasEnded; i++)
      connection.send(frame(frameType.continuation, 0, 1));
  });
  assert.deepEqual(await ground.scene.floods(), { continuation: 1 });
});

test('SETTINGS flood ends its connection', async (t) => {
  const ground = await openGround(t);
  const attacker = await survives(t, ground, (connection) => {
    for (let i = 0; i < 5_000; i++) connection.send(settingsFrame([[4, 65_535]]));
  });
  assert.equal(attacker.goaway, errorCode.calm);
  assert.deepEqual(await ground.scene.floods(), { settings: 1 });
});

test('SETTINGS with thousands of entries ends its connection', async (t) => {
  const ground = await openGround(t);
  await survives(t, ground, (connection) => {
    const entries = Array.from({ length: 2_000 }, () => [4, 65_535] as const);
    connection.send(settingsFrame(entries));
  });
  assert.deepEqual(await ground.scene.floods(), { protocol: 1 });
});

test('PING flood ends its connection, whether the answers are read or not', async (t) => {
  const ground = await openGround(t);
  for (const reads of [true, false]) {
    const attacker = await survives(t, ground, (connection) => {
      for (let i = 0; i < 20_000; i++) connection.send(ping());
      if (!reads) connection.socket.pause();
      connection.socket.resume();
    });
    assert.equal(attacker.goaway, errorCode.calm);
  }
  assert.deepEqual(await ground.scene.floods(), { ping: 2 });
});

test('empty DATA frames without end end their connection', async (t) => {
  const ground = await openGround(t);
  await survives(t, ground, (connection) => {
    const fields: Field[] = [[':method', 'POST'], ...requestFields('/silent').slice(1)];
    connection.send(frame(frameType.headers, flag.endHeaders, 1, headerBlock(fields)));
    for (let i = 0; i < 10_000; i++) connection.send(frame(frameType.data, 0, 1));
  });
  assert.deepEqual(await ground.scene.floods(), { 'invalid-frames': 1 });
});

test('empty HEADERS frames: streams without a request end their connection', async (t) => {
  const ground = await openGround(t);
  await survives(t, ground, (connection) => {
    for (const stream of streams(5_000)) connection.send(frame(frameType.headers, flag.endHeaders, stream));
  });
  assert.equal(Object.keys(await ground.scene.floods()).length, 1);
  assert.ok(ground.asked.every((path) => path === '/'));
});

test('streams beyond those that may be open are refused, and a flood of them ends its connection', async (t) => {
  const ground = await openGround(t, { CT_HTTP2_STREAMS_MAX: 10 });
  const polite = await openFrames(t, ground.scene.port);
  for (const stream of streams(12)) polite.send(request(stream, requestFields('/silent')));
  await until(
    () => Promise.resolve(polite.resetOf(21) !== undefined || polite.hasEnded),
    'the next is refused',
  );
  assert.ok(ground.asked.length <= 10);
  await survives(t, ground, (connection) => {
    for (const stream of streams(2_000)) connection.send(request(stream, requestFields('/silent')));
  });
  assert.ok(ground.asked.filter((path) => path === '/silent').length <= 20);
});

test('a head that is a little too large is answered with 431, one that is far too large resets its stream', async (t) => {
  const { scene, asked } = await openGround(t, { CT_HEAD_MAX_BYTES: 4_096 });
  const connection = await openFrames(t, scene.port);
  const long = (bytes: number): Field[] =>
    Array.from({ length: bytes / 1_000 }, (_, i) => [`x-${i}`, 'a'.repeat(1_000)] as const);
  connection.send(request(1, requestFields('/', ...long(6_000))));
  await until(() => Promise.resolve(connection.statusOf(1) === 431), 'too large');
  const block = headerBlock(requestFields('/', ...long(40_000)));
  connection.send(frame(frameType.headers, flag.endStream, 3, block.subarray(0, 16_000)));
  connection.send(frame(frameType.continuation, 0, 3, block.subarray(16_000, 32_000)));
  connection.send(frame(frameType.continuation, flag.endHeaders, 3, block.subarray(32_000)));
  await until(() => Promise.resolve(connection.resetOf(3) === errorCode.calm), 'far too large');
  const many = Array.from({ length: 120 }, (_, i) => [`x-${i}`, ''] as const);
  connection.send(request(5, requestFields('/', ...many)));
  await until(() => Promise.resolve(connection.statusOf(5) === 431), 'too many');
  connection.send(request(7, requestFields('/')));
  await until(() => Promise.resolve(connection.hasEndOf(7)), 'the connection goes on');
  assert.deepEqual(asked, ['/']);
});

test('window stall: a client that asks for much and takes nothing loses its connection, and little waits for it', async (t) => {
  const ground = await openGround(t);
  const stalled = await openFrames(t, ground.scene.port, [[4, 0]]);
  for (const stream of streams(100)) stalled.send(request(stream, requestFields('/large')));
  await until(() => Promise.resolve(ground.asked.length === 100), 'the edge is asked for all');
  const [connection] = [...ground.scene.connections].slice(-1);
  await until(() => Promise.resolve(connection!.waitingBytes > 1_000_000), 'answers wait');
  assert.ok(connection!.waitingBytes <= 100 * (largeBytes / 2 + 16_384 + 1_000), 'and not the whole of them');
  ground.scene.wire.clockAheadMs += 6_000;
  await stalled.whenEnded();
  assert.equal(stalled.goaway, errorCode.calm);
  assert.deepEqual(await ground.scene.floods(), { 'window-stall': 1 });
  await until(() => Promise.resolve(ground.scene.connections.size === 0), 'nothing is kept of it');
});

test('a slow client that takes its answers bit by bit keeps its connection', async (t) => {
  const ground = await openGround(t);
  const slow = await openFrames(t, ground.scene.port, [[4, 0]]);
  for (const stream of streams(20)) slow.send(request(stream, requestFields('/large')));
  await until(() => Promise.resolve(ground.asked.length === 20), 'the edge is asked for all');
  const received = (): number => streams(20).reduce((sum, stream) => sum + slow.bodyOf(stream).length, 0);
  for (let round = 1; round <= 5; round++) {
    slow.send(windowUpdate(0, 100_000), ...streams(20).map((stream) => windowUpdate(stream, 5_000)));
    await until(() => Promise.resolve(received() === round * 100_000), 'some was taken');
    ground.scene.wire.clockAheadMs += 5_500;
    ground.scene.wire.wheel.tick();
    slow.send(ping(`round--${round}`));
    await until(() => Promise.resolve(slow.pongs === round || slow.hasEnded), 'it answers');
    assert.equal(slow.hasEnded, false);
  }
  assert.equal(slow.hasEnded, false);
});

test('whoever connects and says nothing, or nothing more, is let go in time', async (t) => {
  const { scene } = await openGround(t);
  const silent = await openBare(t, scene.port);
  const idle = await openFrames(t, scene.port);
  const half = await openFrames(t, scene.port);
  half.send(frame(frameType.headers, 0, 1, headerBlock(requestFields('/'))));
  await until(() => Promise.resolve(scene.connections.size === 3), 'all are open');
  scene.wire.clockAheadMs += scene.wire.settings.CT_HEAD_TIMEOUT_MS + 100;
  await silent.whenEnded();
  scene.wire.clockAheadMs += scene.wire.settings.CT_IDLE_TIMEOUT_MS;
  await idle.whenEnded();
  assert.equal(idle.goaway, errorCode.none);
  scene.wire.clockAheadMs += 2_000;
  await half.whenEnded();
  await until(() => Promise.resolve(scene.connections.size === 0), 'nothing is kept of them');
});

test('a body that stops in the middle ends its stream in time, and no other', async (t) => {
  const { scene, asked } = await openGround(t);
  const connection = await openFrames(t, scene.port);
  const fields: Field[] = [[':method', 'POST'], ...requestFields('/silent').slice(1)];
  connection.send(
    frame(frameType.headers, flag.endHeaders, 1, headerBlock(fields)),
    frame(frameType.data, 0, 1, Buffer.from('a part')),
  );
  await until(() => Promise.resolve(asked.length === 1), 'the edge is asked');
  scene.wire.clockAheadMs += scene.wire.settings.CT_BODY_IDLE_TIMEOUT_MS + 100;
  await until(() => Promise.resolve(connection.statusOf(1) === 408), 'the request is over');
  connection.send(request(3, requestFields('/')));
  await until(() => Promise.resolve(connection.hasEndOf(3)), 'the connection goes on');
});

test('a GOAWAY of the client with opaque data, and frames that nobody knows, do no harm', async (t) => {
  const { scene } = await openGround(t);
  const connection = await openFrames(t, scene.port);
  connection.send(frame(0xfa, 0xff, 0, Buffer.alloc(100)), frame(0xfb, 0, 7, Buffer.alloc(5)));
  connection.send(request(1, requestFields('/')));
  await until(() => Promise.resolve(connection.hasEndOf(1)), 'it is served');
  connection.send(frame(frameType.goaway, 0, 0, Buffer.concat([number(0), number(0), Buffer.from('bye')])));
  await connection.whenEnded();
  await until(() => Promise.resolve(scene.connections.size === 0), 'nothing is kept of it');
});
