/** The tunnel between two real sockets: every byte, no more memory than a slow reader needs, and an end for both. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { eventually } from '../../test/support/oct-inbox.ts';
import { HandedSocket } from './handed-socket.ts';
import { NetSocket } from './net-socket.ts';
import { TimerWheel } from './timer-wheel.ts';
import { joinSockets } from './tunnel.ts';
import type { OpenTunnel, TunnelEnd } from './tunnel-end.ts';

const patientMs = 60_000;

interface Scene {
  /** The far ends: what the client program and the edge hold. */
  readonly client: Socket;
  readonly edge: Socket;
  /** The near ends, which the tunnel holds. */
  readonly fromClient: Socket;
  readonly toEdge: Socket;
  readonly ended: Promise<TunnelEnd>;
  readonly tunnel: OpenTunnel;
}

/** Two ends of one TCP connection. */
async function openPair(t: TestContext): Promise<{ far: Socket; near: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const far = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const [near] = (await once(server, 'connection')) as [Socket];
  server.close();
  for (const socket of [far, near]) {
    // A reset is the point of some tests; the far ends have nobody else who listens.
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
  }
  return { far, near };
}

async function setScene(t: TestContext, idleMs = patientMs): Promise<Scene> {
  const [{ far: client, near: fromClient }, { far: edge, near: toEdge }] = [
    await openPair(t),
    await openPair(t),
  ];
  const wheel = new TimerWheel(() => performance.now());
  const ticking = setInterval(() => wheel.tick(), wheel.tickMs);
  t.after(() => clearInterval(ticking));
  const { promise: ended, resolve } = Promise.withResolvers<TunnelEnd>();
  const tunnel = joinSockets(hand(fromClient), hand(toEdge), { wheel, idleMs }, resolve);
  return { client, edge, fromClient, toEdge, ended, tunnel };
}

/** As a connection does that gives its socket away. */
function hand(socket: Socket): HandedSocket {
  const nobody = { onBytes: ignore, onEnd: ignore, onDrain: ignore, onClose: ignore };
  return new HandedSocket(new NetSocket(socket, nobody), Buffer.alloc(0));
}

function ignore(): void {
  // The tunnel is the owner from now on.
}

/** Reads to the end of the other side; the digest says whether bytes are equal. */
async function drain(socket: Socket): Promise<{ count: number; digest: string }> {
  const hash = createHash('sha256');
  let count = 0;
  for await (const chunk of toItsEnd(socket)) {
    hash.update(chunk);
    count += chunk.length;
  }
  return { count, digest: hash.digest('hex') };
}

/** Without the destruction that ends other loops: what the socket has still to send would be lost. */
function toItsEnd(socket: Socket): AsyncIterable<Buffer> {
  return socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}

function digestOf(bytes: Buffer): { count: number; digest: string } {
  return { count: bytes.length, digest: createHash('sha256').update(bytes).digest('hex') };
}

/** Writes until nobody takes more, as a fast sender in front of a reader that stopped; returns what was written. */
async function writeUntilStuck(socket: Socket, near: Socket): Promise<number> {
  const chunk = Buffer.alloc(65_536);
  let written = 0;
  let isFree = true;
  let lastRead = -1;
  await eventually(() => {
    while (isFree && written < 1_000_000_000) {
      written += chunk.length;
      isFree = socket.write(chunk);
      if (!isFree) socket.once('drain', () => (isFree = true));
    }
    const isStuck = !isFree && near.isPaused() && near.bytesRead === lastRead;
    lastRead = near.bytesRead;
    return isStuck;
  }, 'nobody takes more');
  return written;
}

test('bytes arrive as they were sent, both ways at once, and are counted', async (t) => {
  const { client, edge, ended } = await setScene(t);
  const [up, down] = [randomBytes(3_000_000), randomBytes(5_000_001)];
  const received = Promise.all([drain(edge), drain(client)]);
  client.end(up);
  edge.end(down);
  assert.deepEqual(await received, [digestOf(up), digestOf(down)]);
  const { bytes, error } = await ended;
  assert.deepEqual(bytes, { up: up.length, down: down.length });
  assert.equal(error, undefined);
});

test('a front door that goes for good says so behind what the edge has said, never amid it', async (t) => {
  const { client, edge, ended, tunnel } = await setScene(t);
  const said = randomBytes(4_000_000);
  const heard = drain(client);
  // Nobody reads yet: the edge is amid it.
  edge.write(said);
  tunnel.part();
  const answer = drain(edge);
  const { count, digest } = await heard;
  const goodbye = Buffer.from([0x88, 0x02, 0x03, 0xf4]);
  assert.deepEqual({ count, digest }, digestOf(Buffer.concat([said, goodbye])));
  // As a client of WebSockets answers it; the edge hears the code.
  client.end(goodbye);
  assert.deepEqual(await answer, digestOf(goodbye));
  edge.end();
  assert.equal((await ended).endedBy, 'front-door');
});

test('a slow reader stops the sender: what waits in between stays small, either way', async (t) => {
  for (const direction of ['up', 'down'] as const) {
    const { client, edge, fromClient, toEdge } = await setScene(t);
    const [sender, source, sink] =
      direction === 'up' ? [client, fromClient, toEdge] : [edge, toEdge, fromClient];
    await writeUntilStuck(sender, source);
    assert.ok(source.isPaused());
    assert.ok(sink.writableLength <= sink.writableHighWaterMark + 65_536, String(sink.writableLength));
  }
});

test('a reader that goes on after a pause gets every byte', async (t) => {
  const { client, edge, fromClient } = await setScene(t);
  const written = await writeUntilStuck(client, fromClient);
  const received = drain(edge);
  client.end();
  assert.equal((await received).count, written);
});

test('a half close is passed on, and the other direction goes on', async (t) => {
  const { client, edge, ended } = await setScene(t);
  client.end('question');
  assert.deepEqual(await drain(edge), digestOf(Buffer.from('question')));
  const received = drain(client);
  edge.write('first ');
  edge.end('second');
  assert.deepEqual(await received, digestOf(Buffer.from('first second')));
  const { endedBy, bytes } = await ended;
  assert.equal(endedBy, 'client');
  assert.deepEqual(bytes, { up: 8, down: 12 });
});

/** Writes until a little waits in the tunnel for a reader that stopped; returns what was written. */
async function writeUntilWaiting(sender: Socket, sink: Socket): Promise<number> {
  const chunk = Buffer.alloc(32_768);
  let written = 0;
  await eventually(() => {
    if (sink.writableLength > 0) return true;
    sender.write(chunk);
    written += chunk.length;
    return false;
  }, 'bytes wait in the tunnel');
  return written;
}

test('what a side sent before it closed reaches the other one, however late that reads', async (t) => {
  for (const direction of ['down', 'up'] as const) {
    const { client, edge, fromClient, toEdge, ended } = await setScene(t);
    const [sender, reader] = direction === 'down' ? [edge, client] : [client, edge];
    const [source, sink] = direction === 'down' ? [toEdge, fromClient] : [fromClient, toEdge];
    reader.end();
    sender.resume();
    const written = await writeUntilWaiting(sender, sink);
    sender.end('last');
    await eventually(() => source.closed, 'the sender has closed');
    assert.equal((await drain(reader)).count, written + 4, direction);
    assert.equal((await ended).error, undefined);
  }
});

test('an edge that closes altogether while the client still sends costs the client no byte', async (t) => {
  const { client, edge, fromClient, toEdge, ended } = await setScene(t);
  edge.resume();
  const written = await writeUntilWaiting(edge, fromClient);
  // As a socket without half-open does by itself when it has read the end.
  toEdge.once('end', () => toEdge.end());
  edge.end('last');
  await eventually(() => toEdge.writableEnded, 'the edge has closed');
  const received = drain(client);
  client.end('too late');
  assert.equal((await received).count, written + 4);
  assert.equal((await ended).error, undefined);
});

test('a side that breaks off ends the other one, and is named', async (t) => {
  for (const side of ['client', 'upstream'] as const) {
    const { client, edge, ended } = await setScene(t);
    const [breaking, left] = side === 'client' ? [client, edge] : [edge, client];
    const closed = new Promise<void>((resolve) => left.once('close', () => resolve()));
    left.resume();
    breaking.resetAndDestroy();
    left.once('end', () => left.end());
    assert.equal((await ended).endedBy, side);
    await closed;
  }
});

test('a tunnel without a byte either way ends at its deadline, on both sides', async (t) => {
  const { client, edge, ended } = await setScene(t, 50);
  for (const socket of [client, edge]) socket.resume().once('end', () => socket.end());
  const closed = Promise.all([once(client, 'close'), once(edge, 'close')]);
  assert.equal((await ended).endedBy, 'idle');
  await closed;
});

test('bytes of one side put the idle deadline of both off', async (t) => {
  const idleMs = 1_500;
  const { client, edge, ended } = await setScene(t, idleMs);
  client.resume();
  const startedMs = performance.now();
  await eventually(() => {
    edge.write('x');
    return performance.now() - startedMs > idleMs * 1.4;
  }, 'more than the idle time has passed');
  edge.resetAndDestroy();
  assert.equal((await ended).endedBy, 'upstream');
});
