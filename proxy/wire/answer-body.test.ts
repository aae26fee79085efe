/** Answers of the front door that come in pieces: framed as the client understands it, never faster than it reads, cut where it must not be taken for whole. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { testOnEach } from '../../test/support/each-transport.ts';
import { openHttp2Scene } from '../../test/support/http2-scene.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { Gathered, WireScene } from '../../test/support/wire-scene.ts';

const ask = 'OPTIONS / HTTP/1.1\r\nHost: h\r\n\r\n';

async function* tell(...pieces: readonly string[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield await Promise.resolve(Buffer.from(piece));
}

async function open(t: TestContext, port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

testOnEach('pieces of unknown length are chunks, and the connection goes on behind them', async (t) => {
  const scene = new WireScene(t, {});
  scene.ownBody = () => ({ pieces: tell('one', '', 'two') });
  const client = await open(t, await scene.listen());
  const seen = new Gathered(client);
  for (let i = 1; i <= 2; i++) {
    client.write(ask);
    await eventually(() => seen.text.split('0\r\n\r\n').length > i, `answer ${i}`);
  }
  assert.match(seen.text, /transfer-encoding: chunked\r\n[^]*\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n/);
  assert.doesNotMatch(seen.text, /content-length/);
  assert.deepEqual(
    scene.outcomes.map((outcome) => outcome.kind === 'answered' && outcome.bytes.down),
    [6, 6],
  );
});

testOnEach('a client of HTTP/1.0 gets the bytes alone, and its connection ends with them', async (t) => {
  const scene = new WireScene(t, {});
  scene.ownBody = () => ({ pieces: tell('one', 'two') });
  const client = await open(t, await scene.listen());
  const seen = new Gathered(client);
  client.write('OPTIONS / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
  await once(client, 'end');
  assert.match(seen.text, /connection: close\r\n\r\nonetwo$/);
});

testOnEach('what is not as long as it was promised is broken off', async (t) => {
  for (const bytes of [4, 9]) {
    const scene = new WireScene(t, {});
    scene.ownBody = () => ({ bytes, pieces: tell('one', 'two') });
    const client = await open(t, await scene.listen());
    const seen = new Gathered(client);
    client.write(ask);
    await once(client, 'close');
    assert.ok(seen.text.includes(`content-length: ${bytes}\r\n`));
    assert.ok(seen.text.split('\r\n\r\n')[1]!.length < bytes, 'the client can tell that it is not whole');
  }
});

/** Says how many pieces were asked for, and whether their maker was told of the end. */
function endless(signal: AbortSignal, told: { pieces: number; isOver: boolean }): AsyncGenerator<Buffer> {
  const piece = Buffer.alloc(16_384, 'x');
  return (async function* () {
    try {
      while (!signal.aborted) {
        told.pieces++;
        yield piece;
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      told.isOver = true;
    }
  })();
}

testOnEach('nothing gathers for a client that does not read, and its end is told', async (t) => {
  const scene = new WireScene(t, {});
  const told = { pieces: 0, isOver: false };
  scene.ownBody = (signal) => ({ pieces: endless(signal, told) });
  const client = await open(t, await scene.listen());
  client.pause();
  client.write(ask);
  await restsAt(() => told.pieces);
  // What kernels hold on both sides, and one socket's bound.
  assert.ok(told.pieces * 16_384 < 24_000_000, `${told.pieces} pieces wait`);
  const before = told.pieces;
  client.resume();
  await eventually(() => told.pieces > before, 'more is asked for when the client reads');
  client.destroy();
  await eventually(() => told.isOver && scene.outcomes.length === 1, 'the end');
  assert.equal(scene.outcomes[0]!.kind === 'failed' && scene.outcomes[0]!.code, 'client-left');
});

test('over HTTP/2 pieces come one by one, under the back-pressure of their stream', async (t) => {
  const scene = await openHttp2Scene(t, {});
  const told = { pieces: 0, isOver: false };
  scene.wire.ownBody = () => ({ pieces: tell('one', 'two') });
  const session = connectHttp2(`https://127.0.0.1:${scene.port}`, { rejectUnauthorized: false });
  t.after(() => session.destroy());
  const short = session.request({ ':method': 'OPTIONS' });
  let text = '';
  short.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await once(short, 'end');
  assert.equal(text, 'onetwo');
  scene.wire.ownBody = (signal) => ({ pieces: endless(signal, told) });
  const long = session.request({ ':method': 'OPTIONS' });
  await once(long, 'response');
  await restsAt(() => told.pieces);
  assert.ok(told.pieces < 40, `${told.pieces} pieces wait`);
  long.close();
  await eventually(() => told.isOver && scene.wire.outcomes.length === 2, 'the end');
});

/** Resolves when a count has not changed over many looks. */
async function restsAt(read: () => number): Promise<void> {
  let last = -1;
  let calm = 0;
  await eventually(() => {
    calm = read() === last && last > 0 ? calm + 1 : 0;
    last = read();
    return calm >= 10;
  }, 'a rest');
}
