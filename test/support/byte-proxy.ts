/**
 * A path between clients and an edge that knows nothing of their protocols: passes bytes on, cuts connections at
 * any byte, or swallows all that comes from now on while the connections stand.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { TestContext } from 'node:test';

interface Target {
  readonly url: string;
}

export async function startByteProxy(t: TestContext, target: Target): Promise<ByteProxy> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = new ByteProxy(server, target);
  t.after(() => proxy.close());
  return proxy;
}

function portOf({ url }: Target): number {
  return Number(new URL(url).port);
}

export class ByteProxy {
  readonly url: string;
  /** Sees what clients send, piece by piece as it came. */
  onBytesUp: (bytes: Buffer) => void = () => undefined;
  readonly #server: Server;
  #target: Target;
  readonly #links = new Set<Link>();

  constructor(server: Server, target: Target) {
    this.#server = server;
    this.#target = target;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (client) => {
      const link = new Link(client, connect(portOf(this.#target), '127.0.0.1'));
      this.#links.add(link);
      client.on('data', (bytes) => this.onBytesUp(bytes));
      link.onClosed = () => void this.#links.delete(link);
    });
  }

  /** New connections go there. */
  turnTo(target: Target): void {
    this.#target = target;
  }

  /** Breaks all connections when so many more bytes have gone down to the client; 0: now. */
  cut(afterBytes: number): void {
    for (const link of this.#links) link.cut(afterBytes);
  }

  /** The connections of now carry nothing any more, and neither side is told. */
  hang(): void {
    for (const link of this.#links) link.hang();
  }

  /** The clients of connections that hang give them up; the edge is not told. */
  giveUp(): void {
    for (const link of this.#links) link.giveUp();
  }

  close(): void {
    this.#server.close();
    this.cut(0);
  }
}

class Link {
  readonly #client: Socket;
  readonly #edge: Socket;
  onClosed: () => void = () => undefined;
  #bytesLeft = Infinity;
  #hangs = false;

  constructor(client: Socket, edge: Socket) {
    this.#client = client;
    this.#edge = edge;
    client.setNoDelay(true);
    edge.setNoDelay(true);
    client.on('data', (bytes) => void (this.#hangs || edge.write(bytes)));
    edge.on('data', (bytes) => this.#passDown(bytes));
    for (const [socket, other] of [
      [client, edge],
      [edge, client],
    ] as const) {
      socket.on('error', () => socket.destroy());
      socket.once('close', () => {
        if (!this.#hangs) other.destroy();
        if (other.closed) this.onClosed();
      });
    }
  }

  cut(afterBytes: number): void {
    this.#bytesLeft = Math.min(this.#bytesLeft, afterBytes);
    if (afterBytes === 0) this.#destroy();
  }

  hang(): void {
    this.#hangs = true;
  }

  giveUp(): void {
    if (this.#hangs) this.#client.destroy();
  }

  #passDown(bytes: Buffer): void {
    if (this.#hangs) return;
    if (bytes.length < this.#bytesLeft) {
      this.#bytesLeft -= bytes.length;
      this.#client.write(bytes);
      return;
    }
    this.#client.write(bytes.subarray(0, this.#bytesLeft), () => this.#destroy());
    this.#bytesLeft = 0;
  }

  #destroy(): void {
    this.#client.destroy();
    this.#edge.destroy();
  }
}
