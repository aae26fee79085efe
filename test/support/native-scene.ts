/** Native sockets under test: every event of a socket kept in order, its bytes together, in one object for each id. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { eventKinds, loadNativeSockets } from '../../native/binding.ts';
import type { NativeSockets } from '../../native/binding.ts';
import { eventually } from './oct-inbox.ts';

const kindNames = new Map(Object.entries(eventKinds).map(([name, kind]) => [kind as number, name]));

/** One socket as its events tell it. */
export class HeardSocket {
  readonly id: number;
  /** `connected`, `data`, `ended`, `drained`, `closed 104` ... in the order in which they came. */
  readonly heard: string[] = [];
  readonly accepted: HeardSocket[] = [];
  /** Descriptors that came over it. */
  readonly handles: number[] = [];
  readonly #chunks: Buffer[] = [];
  count = 0;
  /** Bytes of the last `data`. */
  lastLength = 0;

  constructor(id: number) {
    this.id = id;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  hears(what: string): boolean {
    return this.heard.some((event) => event === what || event.startsWith(`${what} `));
  }

  addBytes(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.count += bytes.length;
    this.lastLength = bytes.length;
  }
}

interface SceneOptions {
  readonly readsBytes?: number;
  readonly eventsMax?: number;
}

export interface HeardEvent {
  readonly name: string;
  readonly socket: HeardSocket;
}

export class NativeScene {
  readonly sockets: NativeSockets;
  readonly reads: Uint8Array;
  readonly #events: Int32Array;
  readonly #heard = new Map<number, HeardSocket>();
  /** Called for each event, as the owner of the sockets would be. */
  onEvent: (event: HeardEvent) => void = () => undefined;
  batches = 0;

  constructor(t: TestContext, { readsBytes = 1_048_576, eventsMax = 1024 }: SceneOptions = {}) {
    const sockets = loadNativeSockets();
    assert.ok(sockets, 'there is no add-on for this platform');
    this.sockets = sockets;
    this.reads = new Uint8Array(readsBytes);
    this.#events = new Int32Array(4 * eventsMax);
    sockets.open(this.reads, this.#events, (count) => this.#take(count));
    t.after(() => sockets.shutDown());
  }

  /** From now on events of this id belong to a new socket. */
  watch(id: number): HeardSocket {
    const socket = new HeardSocket(id);
    this.#heard.set(id, socket);
    return socket;
  }

  listen(address = '127.0.0.1', port = 0): HeardSocket {
    return this.watch(this.sockets.listen(address, port, 511));
  }

  write(socket: HeardSocket, bytes: Uint8Array): number {
    return this.sockets.write(socket.id, bytes, 0, bytes.length);
  }

  #take(count: number): void {
    this.batches++;
    assert.ok(count > 0 && count <= this.#events.length / 4);
    for (let at = 0; at < 4 * count; at += 4) {
      const [kind, id, a, b] = this.#events.subarray(at, at + 4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      if (kind === eventKinds.none) continue;
      const socket = this.#heard.get(id);
      const name = kindNames.get(kind);
      assert.ok(socket && name, `event ${kind} of ${id}, which nobody knows`);
      const hasErrno = kind >= eventKinds.closed && kind !== eventKinds.handle;
      socket.heard.push(hasErrno ? `${name} ${a}` : name);
      if (kind === eventKinds.data) socket.addBytes(Buffer.from(this.reads.subarray(a, a + b)));
      if (kind === eventKinds.handle) socket.handles.push(a);
      if (kind === eventKinds.accepted) socket.accepted.push(this.watch(a));
      this.onEvent({ name, socket });
    }
  }
}

/** A server of `node:net` whose connections are kept and closed with the test. */
export async function startServer(
  t: TestContext,
  path?: string,
): Promise<{ server: Server; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    // A reset is the point of some tests.
    socket.on('error', () => undefined);
    sockets.push(socket);
    t.after(() => socket.destroy());
  });
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  t.after(() => server.close());
  return { server, sockets };
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** A socket of `node:net` that connects to the native listener, and the native socket at its other end. */
export async function openPair(
  t: TestContext,
  scene: NativeScene,
): Promise<{ far: Socket; near: HeardSocket }> {
  const listener = scene.listen();
  const far = connect({ host: '127.0.0.1', port: scene.sockets.localPort(listener.id), allowHalfOpen: true });
  far.on('error', () => undefined);
  t.after(() => far.destroy());
  await eventually(() => listener.accepted.length === 1, 'the connection is accepted');
  scene.sockets.stopListening(listener.id);
  return { far, near: listener.accepted[0]! };
}

/** What a far end reads, from now on. */
export function gather(socket: Socket): { bytes: () => Buffer; ended: () => boolean } {
  const chunks: Buffer[] = [];
  let hasEnded = false;
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('end', () => (hasEnded = true)).resume();
  return { bytes: () => Buffer.concat(chunks), ended: () => hasEnded };
}
