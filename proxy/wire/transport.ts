/**
 * Who carries the bytes: listens for plain clients and opens connections to edges. One for the whole front door; TLS is
 * Node's in either.
 */
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { listen } from '#shared/admin-server.ts';
import type { ListenTarget } from '#shared/admin-server.ts';
import type { SpareMemory } from '../limits/spare-memory.ts';
import type { UpstreamTrust } from '../upstream-trust.ts';
import type { ByteSocket, ConnectingEars, SocketEars } from './byte-socket.ts';
import { NetSocket, connectNetSocket } from './net-socket.ts';
import type { Origin } from './origin.ts';

/** Makes the owner of a connection that has just come in. */
export type Acceptor = (adopt: (ears: SocketEars) => ByteSocket) => void;

export interface Listening {
  readonly port: number;
  stop(): void;
  /** Leaves new connections in the queue of the kernel, or takes them again; undefined where that cannot be. */
  readonly hold?: (isHeld: boolean) => void;
}

export interface Transport extends SpareMemory {
  /** Whether its connections can be given to another process. */
  readonly canGive: boolean;
  listen(host: string, port: number, accept: Acceptor): Promise<Listening>;
  /** On a descriptor that listens already. */
  listenOn(descriptor: number, accept: Acceptor): Promise<Listening>;
  /** With `isIdler` the connection will be silent for most of its life. */
  connect(origin: Origin, ears: ConnectingEars, isIdler: boolean): ByteSocket;
  /** Ends what the transport itself holds. */
  close(): void;
}

/** Half-open: a client may not be cut off while its last answer is on the way. */
export const clientSocketOptions = { allowHalfOpen: true, noDelay: true } as const;

/** By Node's own sockets; works everywhere. */
export class NetTransport implements Transport {
  readonly canGive = false;
  readonly #trust: UpstreamTrust;

  constructor(trust: UpstreamTrust) {
    this.#trust = trust;
  }

  async listen(host: string, port: number, accept: Acceptor): Promise<Listening> {
    return await listening(serverOf(accept), { host, port });
  }

  async listenOn(fd: number, accept: Acceptor): Promise<Listening> {
    return await listening(serverOf(accept), { fd });
  }

  connect(origin: Origin, ears: ConnectingEars, isIdler: boolean): ByteSocket {
    return connectNetSocket(origin, ears, isIdler, this.#trust);
  }

  collectMemory(): void {
    // V8 is not asked: Node has no word for it.
  }

  releaseMemory(): void {
    // Nor is the C library.
  }

  close(): void {
    // Connections and listeners belong to those who asked for them.
  }
}

function serverOf(accept: Acceptor): Server {
  return createServer(clientSocketOptions, (socket) => accept((ears) => new NetSocket(socket, ears)));
}

/** Opens a server of Node's. */
export async function listening(server: Server, where: ListenTarget): Promise<Listening> {
  const taken = await listen(server, where);
  return { port: taken, stop: () => void server.close() };
}
