/** What every transport promises of tunnels and of connections, seen from their far ends alone. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { testOnEach, transportOf } from '../../test/support/each-transport.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import type { ByteSocket, ConnectingEars } from './byte-socket.ts';
import { HandedSocket } from './handed-socket.ts';
import { parseOrigin } from './origin.ts';
import { TimerWheel } from './timer-wheel.ts';
import { joinSockets } from './tunnel.ts';
import type { TunnelEnd } from './tunnel-end.ts';

const patientMs = 60_000;
const nothing = Buffer.alloc(0);

interface Scene {
  /** The far ends: what the client program and the edge hold. */
  readonly client: Socket;
  readonly edge: Socket;
  readonly ended: Promise<TunnelEnd>;
}

/** Nobody's ears: the tunnel takes the socket over before anything comes. */
function deaf(onReady: () => void): ConnectingEars {
  const ignore = (): void => undefined;
  return { onBytes: ignore, onEnd: ignore, onDrain: ignore, onClose: ignore, onReady };
}

async function openEdge(
  t: TestContext,
  where: { port: number } | { path: string },
): Promise<{ accepted: Promise<Socket> }> {
  const server = createServer({ allowHalfOpen: true });
  const accepted = once(server, 'connection').then(([socket]: unknown[]) => quiet(t, socket as Socket));
  server.listen('path' in where ? where : { ...where, host: '127.0.0.1' });
  await once(server, 'listening');
  t.after(() => server.close());
  Object.assign(where, { port: (server.address() as AddressInfo).port });
  return { accepted };
}

/** A reset is the point of some tests. */
function quiet(t: TestContext, socket: Socket): Socket {
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  return socket;
}

/** A client and an edge with a tunnel of the transport between them; `early` came before the two were joined. */
async function setScene(
  t: TestContext,
  idleMs = patientMs,
  early = nothing,
  beforeJoin: (fromClient: ByteSocket) => Promise<void> = () => Promise.resolve(),
): Promise<Scene> {
  const transport = transportOf(t);
  const near = Promise.withResolvers<ByteSocket>();
  const listening = await transport.listen('127.0.0.1', 0, (adopt) => {
    const socket = adopt(deaf(() => undefined));
    socket.pause();
    near.resolve(socket);
  });
  t.after(() => listening.stop());
  const client = quiet(t, connect({ host: '127.0.0.1', port: listening.port, allowHalfOpen: true }));
  const where = { port: 0 };
  const { accepted } = await openEdge(t, where);
  const ready = Promise.withResolvers<void>();
  const origin = parseOrigin(`http://127.0.0.1:${where.port}`);
  const toEdge = transport.connect(origin, deaf(ready.resolve), true);
  const [fromClient, edge] = await Promise.all([near.promise, accepted, ready.promise]);
  const wheel = new TimerWheel(() => performance.now());
  const ticking = setInterval(() => wheel.tick(), wheel.tickMs);
  t.after(() => clearInterval(ticking));
  toEdge.pause();
  await beforeJoin(fromClient);
  const ended = new Promise<TunnelEnd>((resolve) => {
    const fromClientHanded = new HandedSocket(fromClient, early);
    joinSockets(fromClientHanded, new HandedSocket(toEdge, nothing), { wheel, idleMs }, resolve);
  });
  return { client, edge, ended };
}

async function drain(socket: Socket): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of toItsEnd(socket)) hash.update(chunk);
  return hash.digest('hex');
}

/** Without the destruction that ends other loops: what the socket has still to send would be lost. */
function toItsEnd(socket: Socket): AsyncIterable<Buffer> {
  return socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}

function digest(...parts: Buffer[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

testOnEach('a tunnel carries every byte both ways at once, early ones first, and counts them', async (t) => {
  const early = Buffer.from('first');
  const { client, edge, ended } = await setScene(t, patientMs, early);
  const [up, down] = [randomBytes(7_000_000), randomBytes(9_000_001)];
  const received = Promise.all([drain(edge), drain(client)]);
  client.end(up);
  edge.end(down);
  assert.deepEqual(await received, [digest(early, up), digest(down)]);
  const { bytes, error } = await ended;
  assert.deepEqual(bytes, { up: early.length + up.length, down: down.length });
  assert.equal(error, undefined);
});

testOnEach('a tunnel to a slow reader holds little, and loses nothing', async (t) => {
  for (const direction of ['up', 'down'] as const) {
    const { client, edge } = await setScene(t);
    const [sender, reader] = direction === 'up' ? [client, edge] : [edge, client];
    reader.pause();
    const chunk = randomBytes(65_536);
    const hash = createHash('sha256');
    let polls = 0;
    let before = -1;
    // Kernels hold some MiB; a tunnel without a bound would take all of this.
    await eventually(() => {
      while (!sender.writableNeedDrain && sender.bytesWritten < 200_000_000) {
        hash.update(chunk);
        sender.write(chunk);
      }
      const outside = sender.bytesWritten - sender.writableLength;
      polls = outside === before ? polls + 1 : 0;
      before = outside;
      return polls > 20;
    }, 'nobody takes more');
    assert.ok(before < 40_000_000, `${direction} ${before}`);
    sender.end();
    const received = drain(reader);
    reader.resume();
    assert.equal(await received, hash.digest('hex'));
  }
});

testOnEach('the last word of one side is passed on, and the other goes on', async (t) => {
  const { client, edge, ended } = await setScene(t);
  client.end('question');
  assert.equal(await drain(edge), digest(Buffer.from('question')));
  const received = drain(client);
  edge.write('first ');
  edge.end('second');
  assert.equal(await received, digest(Buffer.from('first second')));
  const { endedBy, bytes } = await ended;
  assert.equal(endedBy, 'client');
  assert.deepEqual(bytes, { up: 8, down: 12 });
});

testOnEach('a side that breaks off ends the other one, and is named', async (t) => {
  for (const side of ['client', 'upstream'] as const) {
    const { client, edge, ended } = await setScene(t);
    const [breaking, left] = side === 'client' ? [client, edge] : [edge, client];
    const closed = new Promise<void>((resolve) => left.once('close', () => resolve()));
    left.resume().once('end', () => left.end());
    breaking.resetAndDestroy();
    assert.equal((await ended).endedBy, side);
    await closed;
  }
});

testOnEach('a reset of one side is a reset for the other one, never an orderly end', async (t) => {
  for (const side of ['client', 'upstream'] as const) {
    const { client, edge, ended } = await setScene(t);
    const [breaking, left] = side === 'client' ? [client, edge] : [edge, client];
    const failed = once(left, 'error');
    left.resume().once('end', () => left.end());
    // A byte that arrives first: the connection stood.
    breaking.write('x');
    await once(left, 'data');
    breaking.resetAndDestroy();
    const first = await Promise.race([failed, once(left, 'end')]);
    assert.equal((first[0] as NodeJS.ErrnoException | undefined)?.code, 'ECONNRESET');
    assert.equal((await ended).endedBy, side);
  }
});

testOnEach('who ends a socket and breaks it off at once hears that it is closed', async (t) => {
  const closed = Promise.withResolvers<Error | undefined>();
  const { client } = await setScene(t, patientMs, nothing, async (fromClient) => {
    fromClient.hearWith({ ...deaf(() => undefined), onClose: closed.resolve });
    fromClient.end();
    fromClient.reset();
    assert.equal(await closed.promise, undefined);
  });
  const gone = new Promise<void>((resolve) => client.once('close', () => resolve()));
  client.resume().once('end', () => client.end());
  await gone;
});

testOnEach('a side that closed before the two were joined ends the other one', async (t) => {
  const { edge, ended } = await setScene(t, patientMs, nothing, async (fromClient) => {
    const closed = Promise.withResolvers<void>();
    fromClient.hearWith({ ...deaf(() => undefined), onClose: () => closed.resolve() });
    fromClient.destroy();
    await closed.promise;
  });
  const closed = new Promise<void>((resolve) => edge.once('close', () => resolve()));
  edge.resume().once('end', () => edge.end());
  assert.equal((await ended).endedBy, 'client');
  await closed;
});

testOnEach('a tunnel without a byte either way ends at its deadline, on both sides', async (t) => {
  const { client, edge, ended } = await setScene(t, 200);
  for (const socket of [client, edge]) socket.resume().once('end', () => socket.end());
  const closed = Promise.all([once(client, 'close'), once(edge, 'close')]);
  assert.equal((await ended).endedBy, 'idle');
  await closed;
});

testOnEach('an edge is reached over a Unix-domain socket, and by a name', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-path-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'edge.sock');
  const where = { port: 0 };
  for (const [place, address] of [
    [{ path }, () => `unix:${path}`],
    [where, () => `http://localhost:${where.port}`],
  ] as const) {
    const { accepted } = await openEdge(t, place);
    const ready = Promise.withResolvers<void>();
    const socket = transportOf(t).connect(parseOrigin(address()), deaf(ready.resolve), false);
    t.after(() => socket.destroy());
    await ready.promise;
    socket.write('hello');
    const [bytes] = (await once(await accepted, 'data')) as [Buffer];
    assert.equal(bytes.toString(), 'hello');
  }
});

testOnEach('a connection that nobody takes fails with its cause, by address, name and path', async (t) => {
  const where = { port: 0 };
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  where.port = (server.address() as AddressInfo).port;
  await new Promise((resolve) => server.close(resolve));
  for (const [address, code] of [
    [`http://127.0.0.1:${where.port}`, 'ECONNREFUSED'],
    ['http://no-such-host.invalid', /ENOTFOUND|EAI_AGAIN/],
    ['unix:/no/such/socket', 'ENOENT'],
  ] as const) {
    const closed = Promise.withResolvers<Error | undefined>();
    const ears = { ...deaf(() => assert.fail('connected')), onClose: closed.resolve };
    transportOf(t).connect(parseOrigin(address), ears, false);
    const { code: told } = (await closed.promise) as NodeJS.ErrnoException;
    if (typeof code === 'string') assert.equal(told, code);
    else assert.match(told ?? '', code);
  }
});

testOnEach('a port that is taken is refused as Node refuses it', async (t) => {
  const transport = transportOf(t);
  const first = await transport.listen('127.0.0.1', 0, () => undefined);
  t.after(() => first.stop());
  await assert.rejects(
    transport.listen('127.0.0.1', first.port, () => undefined),
    { code: 'EADDRINUSE' },
  );
});
