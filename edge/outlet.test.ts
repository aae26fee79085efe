/** Frames reach each connection whole and in order, whichever way they go, and whatever becomes of the others. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import fc from 'fast-check';
import { Authority } from '../test/support/certificate.ts';
import { eventually } from '../test/support/oct-inbox.ts';
import { frameTextAndBinary } from './frame.ts';
import { Outlet, bytesWrittenTo } from './outlet.ts';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  readonly outlet: Outlet;
  readonly heard: () => Buffer;
}

async function openPair(t: TestContext): Promise<Pair> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connect(portOf(server), '127.0.0.1');
  const [near] = (await once(server, 'connection')) as [Socket];
  server.close();
  return follow(t, near, far);
}

function follow(t: TestContext, near: Socket, far: Socket): Pair {
  const chunks: Buffer[] = [];
  far.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (const socket of [near, far]) {
    // A reset is the point of a test.
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
  }
  return { near, far, outlet: new Outlet(near), heard: () => Buffer.concat(chunks) };
}

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

async function hears({ heard, near }: Pair, expected: Buffer): Promise<void> {
  await eventually(() => heard().length >= expected.length, 'all of it has come');
  assert.ok(heard().equals(expected), 'as it was written');
  assert.equal(bytesWrittenTo(near), expected.length);
}

interface Step {
  readonly kind: 'shared' | 'own' | 'settle' | 'stream' | 'cork' | 'pause' | 'resume' | 'turn';
  readonly size: number;
}

const step: fc.Arbitrary<Step & { readonly to: number }> = fc.record({
  kind: fc.constantFrom('shared', 'own', 'settle', 'stream', 'cork', 'pause', 'resume', 'turn'),
  to: fc.nat(3),
  size: fc.oneof({ weight: 4, arbitrary: fc.nat(900) }, fc.nat(40_000), fc.nat(300_000)),
});

function bodyOf(index: number, size: number): Buffer {
  return Buffer.alloc(size + 8, `<${index.toString().padStart(6, '0')}>`);
}

/** Gives what it wrote to this pair. */
function play({ outlet, near, far }: Pair, { kind, size }: Step, index: number): Buffer {
  const nothing = Buffer.alloc(0);
  const body = bodyOf(index, size);
  const message = { text: [Buffer.from('a'), String(index), Buffer.from('b')], payload: [body] } as const;
  switch (kind) {
    case 'own':
      outlet.writeTextAndBinary(message);
      return frameTextAndBinary(message);
    case 'stream':
      outlet.settle();
      near.write(body);
      return body;
    case 'settle':
      outlet.settle();
      return nothing;
    case 'cork':
      outlet.cork();
      return nothing;
    case 'pause':
      far.pause();
      return nothing;
    case 'resume':
      far.resume();
      return nothing;
    default:
      return nothing;
  }
}

test('whatever is written to four connections, with slow readers among them, each reads it in order', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (script) => {
      const pairs = [await openPair(t), await openPair(t), await openPair(t), await openPair(t)];
      const expected: Buffer[][] = pairs.map(() => []);
      for (const [index, { to, ...one }] of script.entries()) {
        if (one.kind === 'turn') await nextTurn();
        const shared = bodyOf(index, one.size);
        if (one.kind !== 'shared') expected[to]!.push(play(pairs[to]!, one, index));
        else
          for (const [i, { outlet }] of pairs.entries()) {
            outlet.write(shared);
            expected[i]!.push(shared);
          }
      }
      for (const { far } of pairs) far.resume();
      for (const [i, pair] of pairs.entries()) {
        await hears(pair, Buffer.concat(expected[i]!));
        pair.near.destroy();
        pair.far.destroy();
      }
    }),
    { numRuns: 60, endOnFailure: true },
  );
});

test('what fits goes past the stream, and what does not goes through it', async (t) => {
  const pair = await openPair(t);
  const small = Buffer.alloc(1_000, 's');
  const large = Buffer.alloc(100_000, 'l');
  pair.outlet.write(small);
  assert.equal(pair.outlet.waitingBytes, 1_000);
  await hears(pair, small);
  assert.deepEqual([pair.near.bytesWritten, pair.outlet.sentBytes, pair.outlet.waitingBytes], [0, 1_000, 0]);
  pair.outlet.write(large);
  await hears(pair, Buffer.concat([small, large]));
  assert.deepEqual([pair.near.bytesWritten, pair.outlet.sentBytes], [100_000, 1_000]);
});

test('more than one turn holds goes out in order, to many in turns and to one', async (t) => {
  const pairs = [await openPair(t), await openPair(t)];
  const frames = Array.from({ length: 3_000 }, (_, index) => bodyOf(index, index % 300));
  for (const frame of frames) for (const { outlet } of pairs) outlet.write(frame);
  for (const pair of pairs) await hears(pair, Buffer.concat(frames));
});

test('a connection that ends within the turn takes nothing, and the others have theirs', async (t) => {
  const [gone, ended, pair] = [await openPair(t), await openPair(t), await openPair(t)];
  const frame = Buffer.from('frame');
  for (const { outlet } of [gone, ended, pair]) outlet.write(frame);
  const end = once(ended.far, 'end');
  gone.near.destroy();
  ended.near.end();
  // Its descriptor may be another connection's at once.
  const next = await openPair(t);
  await hears(pair, frame);
  await end;
  assert.equal(ended.heard().length, 0);
  assert.equal(next.heard().length, 0);
});

test('over TLS all goes through the stream', async (t) => {
  const { own } = new Authority(t);
  const identity = { key: readFileSync(own.keyPath), cert: readFileSync(own.certPath) };
  const server = createTlsServer(identity).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connectTls({ port: portOf(server), rejectUnauthorized: false });
  const [near] = (await once(server, 'secureConnection')) as [Socket];
  server.close();
  const pair = follow(t, near, far);
  pair.outlet.write(Buffer.from('one'));
  pair.outlet.write(Buffer.from('two'));
  await hears(pair, Buffer.from('onetwo'));
  assert.equal(pair.outlet.sentBytes, 0);
});

async function nextTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  await promise;
}
