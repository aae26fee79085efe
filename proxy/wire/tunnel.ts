/**
 * Two sockets joined as raw bytes: back-pressure both ways, half-close passed on, one idle deadline for
 * both. WebSocket frames are never parsed here.
 */
import type { ByteSocket, SocketEars } from './byte-socket.ts';
import type { HandedSocket } from './client-connection.ts';
import { RelayTunnel } from './relay-tunnel.ts';
import { Deadline } from './timer-wheel.ts';
import { halfCloseMaxMs } from './tunnel-end.ts';
import type { TunnelEnd, TunnelOptions, TunnelResolve } from './tunnel-end.ts';

/** Joins until both sides are closed; resolves always. */
export async function joinSockets(
  client: HandedSocket,
  upstream: HandedSocket,
  options: TunnelOptions,
): Promise<TunnelEnd> {
  return await new Promise<TunnelEnd>((resolve) => {
    if (RelayTunnel.open(client, upstream, { ...options, resolve })) return;
    new Tunnel(client, upstream, { ...options, resolve }).start();
  });
}

class Tunnel {
  readonly #client: Side;
  readonly #upstream: Side;
  readonly #options: TunnelOptions & TunnelResolve;
  readonly #deadline = new Deadline(() => this.#tearDown(this.#endedBy ?? 'idle'));
  #open = 2;
  #endedBy: TunnelEnd['endedBy'] | undefined;
  #error: Error | undefined;

  constructor(client: HandedSocket, upstream: HandedSocket, options: TunnelOptions & TunnelResolve) {
    this.#client = new Side('client', client.socket, upstream.socket, this);
    this.#upstream = new Side('upstream', upstream.socket, client.socket, this);
    this.#options = options;
    if (client.early.length > 0) this.#client.onBytes(client.early);
    if (upstream.early.length > 0) this.#upstream.onBytes(upstream.early);
  }

  start(): void {
    this.#await(this.#options.idleMs);
    this.#client.start();
    this.#upstream.start();
  }

  onActive(): void {
    if (this.#endedBy === undefined) this.#await(this.#options.idleMs);
  }

  resume(side: Side): void {
    (side === this.#client ? this.#upstream : this.#client).socket.resume();
  }

  onEnd(side: Side): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = side.name;
    this.#await(halfCloseMaxMs);
  }

  /**
   * A side that closed after its end has said everything: the other one still gets what waits for it, as long
   * as the half close may last. Anything else ends both at once.
   */
  onClose(side: Side, error: Error | undefined): void {
    this.#error ??= error;
    if (this.#error !== undefined || !side.hasEnded) this.#tearDown(side.name);
    if (--this.#open > 0) return;
    this.#options.wheel.remove(this.#deadline);
    this.#options.resolve({
      bytes: { up: this.#client.bytes, down: this.#upstream.bytes },
      endedBy: this.#endedBy ?? side.name,
      error: this.#error,
    });
  }

  #await(ms: number): void {
    this.#options.wheel.set(this.#deadline, ms);
  }

  #tearDown(by: TunnelEnd['endedBy']): void {
    this.#endedBy ??= by;
    this.#client.socket.destroy();
    this.#upstream.socket.destroy();
  }
}

/** One direction: what comes from a socket goes to the other. */
class Side implements SocketEars {
  readonly name: 'client' | 'upstream';
  readonly socket: ByteSocket;
  bytes = 0;
  hasEnded = false;
  readonly #to: ByteSocket;
  readonly #tunnel: Tunnel;

  constructor(name: Side['name'], socket: ByteSocket, to: ByteSocket, tunnel: Tunnel) {
    this.name = name;
    this.socket = socket;
    this.#to = to;
    this.#tunnel = tunnel;
  }

  start(): void {
    this.socket.hearWith(this);
    // The other side may be congested by what was said before they were joined.
    if (!this.#to.isCongested) this.socket.resume();
  }

  onBytes(bytes: Buffer): void {
    // The other side has said its last word and takes nothing: read on, so that this side's end is seen.
    if (!this.#to.isWritable) return;
    this.bytes += bytes.length;
    this.#tunnel.onActive();
    if (!this.#to.write(bytes)) this.socket.pause();
  }

  onEnd(): void {
    this.hasEnded = true;
    this.#tunnel.onEnd(this);
    this.#to.end();
  }

  onDrain(): void {
    this.#tunnel.resume(this);
  }

  onClose(error: Error | undefined): void {
    this.#tunnel.onClose(this, error);
  }
}
