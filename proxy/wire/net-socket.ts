/** A connection by Node's own sockets, plain or TLS, as the wire knows connections. */
import { Socket, connect as connectPlain } from 'node:net';
import type { OnReadOpts } from 'node:net';
import { TLSSocket, connect as connectTls } from 'node:tls';
import { AppError } from '#shared/errors.ts';
import { plainAddress } from '../core/client-address.ts';
import { identityOf } from '../tls/client-identity.ts';
import type { ClientIdentity } from '../tls/client-identity.ts';
import type { UpstreamTrust } from '../upstream-trust.ts';
import { readBufferBytes } from './bounds.ts';
import type { ByteSocket, ConnectingEars, SocketEars } from './byte-socket.ts';
import { DuplexSocket } from './duplex-socket.ts';
import type { Origin } from './origin.ts';

export class NetSocket extends DuplexSocket implements ByteSocket {
  readonly address: string;
  readonly #socket: Socket;
  readonly #isPlainTcp: boolean;
  readonly #reads: ReadMemory | undefined;
  #ears: SocketEars;
  #error: Error | undefined;

  constructor(socket: Socket, ears: SocketEars, reads?: ReadMemory) {
    super(socket);
    this.#socket = socket;
    this.#ears = ears;
    this.#reads = reads;
    this.#isPlainTcp = socket instanceof Socket && !(socket instanceof TLSSocket);
    this.address = plainAddress(socket.remoteAddress);
    if (reads === undefined) socket.on('data', (chunk: Buffer) => this.#ears.onBytes(chunk));
    else reads.onRead = (bytes) => this.#ears.onBytes(bytes);
    socket.on('end', () => this.#ears.onEnd());
    socket.on('drain', () => this.#ears.onDrain());
    socket.on('error', (error) => (this.#error ??= failureOf(socket, error)));
    socket.on('close', () => this.#ears.onClose(this.#error));
  }

  get identity(): ClientIdentity | undefined {
    return identityOf(this.#socket);
  }

  /** Of a plain TCP socket alone it is known when it does not. */
  get holdsBytes(): boolean {
    return !this.#isPlainTcp || this.#socket.writableLength > 0;
  }

  hearWith(ears: SocketEars): void {
    this.#ears = ears;
  }

  writeBoth(head: string, rest: Buffer): boolean {
    this.#socket.cork();
    this.write(head);
    const isFree = this.write(rest);
    this.#socket.uncork();
    return isFree;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  reset(): void {
    // Below TLS there is nothing that could be reset in public, and a Unix-domain socket has no reset of its own.
    const mayReset = this.#isPlainTcp && this.#socket.remoteFamily !== undefined && !this.#isEnding;
    if (mayReset) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** While its end is on its way, libuv resets no socket (EINVAL), and Node would never close the descriptor. */
  get #isEnding(): boolean {
    const { writableEnded, writableFinished, writableLength } = this.#socket;
    return writableEnded && !writableFinished && writableLength === 0;
  }

  releaseReads(): void {
    this.#reads?.release();
  }
}

/** Names what a person has to look at: an edge that shows no certificate that is trusted here. */
function failureOf(socket: Socket, error: Error): Error {
  // Node's types know it as an Error; it is a code, and null where all is well.
  const refusal = socket instanceof TLSSocket ? (socket.authorizationError as unknown) : undefined;
  if (refusal === undefined || refusal === null) return error;
  return new AppError('upstream-untrusted', { cause: error, facts: { refusal } });
}

/** One buffer that a connection reads into again, unless somebody uses what came before. */
class ReadMemory {
  onRead: (bytes: Buffer) => void = () => undefined;
  #buffer: Buffer | undefined;

  get options(): OnReadOpts {
    return {
      buffer: () => (this.#buffer ??= Buffer.allocUnsafeSlow(readBufferBytes)),
      callback: (length, buffer) => {
        this.onRead((buffer as Buffer).subarray(0, length));
        return true;
      },
    };
  }

  release(): void {
    this.#buffer = undefined;
  }
}

/** Opens a connection; with `isIdler` it reads in the way that costs least memory while nothing comes. */
export function connectNetSocket(
  origin: Origin,
  ears: ConnectingEars,
  isIdler: boolean,
  trust: UpstreamTrust,
): NetSocket {
  const { host, port, secure } = origin;
  const reads = isIdler ? undefined : new ReadMemory();
  // Half-open: an upgraded connection may end one way and go on the other.
  const target = {
    ...(origin.path === undefined ? { host, port } : { path: origin.path }),
    noDelay: true,
    allowHalfOpen: true,
    ...(reads !== undefined && { onread: reads.options }),
  };
  const onReady = (): void => ears.onReady();
  if (!secure) return new NetSocket(connectPlain(target, onReady), ears, reads);
  const { sessions, secureContext, rejectUnauthorized } = trust;
  const proof = { secureContext, rejectUnauthorized, ...sessions.optionFor(origin) };
  const socket = connectTls({ ...target, ...proof, ALPNProtocols: ['http/1.1'] }, onReady);
  sessions.follow(socket, origin);
  return new NetSocket(socket, ears, reads);
}
