/**
 * Two sockets joined as raw bytes: back-pressure both ways, half-close passed on, one idle deadline for
 * both. WebSocket frames are never parsed here; the last one of a front door that goes is said in a quiet moment.
 */
import type { ByteSocket, SocketEars } from './byte-socket.ts';
import type { HandedSocket } from './handed-socket.ts';
import { RelayTunnel } from './relay-tunnel.ts';
import { Deadline } from './timer-wheel.ts';
import { halfCloseMaxMs } from './tunnel-end.ts';
import type { OpenTunnel, TellEnd, TunnelEnd, TunnelOptions } from './tunnel-end.ts';

/** Joins until both sides are closed; tells of the end always, never before it has returned. */
export function joinSockets(
  client: HandedSocket,
  upstream: HandedSocket,
  options: TunnelOptions,
  tellEnd: TellEnd,
): OpenTunnel {
  const relayed = RelayTunnel.open(client, upstream, options, tellEnd);
  return relayed ?? new Tunnel(client, upstream, options, tellEnd).start();
}

/** RFC 6455 section 5.5.1, code 1012: the service restarts, come back. */
const restartFrame = Buffer.from([0x88, 0x02, 1_012 >> 8, 1_012 & 0xff]);
const quietMs = 250;
const looksMax = 8;
const goodbyeMaxMs = 2_000;

class Tunnel implements OpenTunnel {
  readonly #client: Side;
  readonly #upstream: Side;
  readonly #options: TunnelOptions;
  readonly #tellEnd: TellEnd;
  readonly #deadline = new Deadline(() => this.#onDue());
  #open = 2;
  /** How often it was looked whether the edge is saying something, since the front door wants to go. */
  #looks = 0;
  #seenBytes = -1;
  #endedBy: TunnelEnd['endedBy'] | undefined;
  #error: Error | undefined;

  constructor(client: HandedSocket, upstream: HandedSocket, options: TunnelOptions, tellEnd: TellEnd) {
    this.#client = new Side('client', client, upstream, this);
    this.#upstream = new Side('upstream', upstream, client, this);
    this.#options = options;
    this.#tellEnd = tellEnd;
  }

  leave(): void {
    // Its bytes come through here: it has until the process ends.
  }

  close(): void {
    this.#tearDown('front-door');
  }

  part(): void {
    if (this.#endedBy === undefined && this.#looks === 0) this.#lookForQuiet();
  }

  start(): this {
    this.#await(this.#options.idleMs);
    this.#client.start();
    this.#upstream.start();
    return this;
  }

  onActive(): void {
    if (this.#endedBy === undefined && this.#looks === 0) this.#await(this.#options.idleMs);
  }

  resume(side: Side): void {
    this.#other(side).socket.resume();
  }

  #other(side: Side): Side {
    return side === this.#client ? this.#upstream : this.#client;
  }

  onEnd(side: Side): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = side.name;
    this.#await(halfCloseMaxMs);
  }

  /**
   * A side that closed after its end has said everything: the other one still gets what waits for it, as long
   * as the half close may last. Anything else ends both at once: by a fault, so that nobody takes a part for all.
   */
  onClose(side: Side, error: Error | undefined): void {
    this.#error ??= error;
    if (error !== undefined) this.#other(side).socket.reset();
    if (this.#error !== undefined || !side.hasEnded) this.#tearDown(side.name);
    if (--this.#open > 0) return;
    this.#options.wheel.remove(this.#deadline);
    this.#tellEnd({
      bytes: { up: this.#client.bytes, down: this.#upstream.bytes },
      endedBy: this.#endedBy ?? side.name,
      error: this.#error,
    });
  }

  #onDue(): void {
    if (this.#looks > 0 && this.#endedBy === undefined) this.#lookForQuiet();
    else this.#tearDown(this.#endedBy ?? 'idle');
  }

  /** An edge that has said nothing for a moment is not amid a frame; where it was, the client loses no more than by a cut. */
  #lookForQuiet(): void {
    const { bytes } = this.#upstream;
    if (bytes === this.#seenBytes && !this.#client.socket.isCongested) return this.#sayGoodbye();
    if (++this.#looks > looksMax) return this.#tearDown('front-door');
    this.#seenBytes = bytes;
    this.#await(quietMs);
  }

  /** What the client answers goes to the edge, which learns the code from it. */
  #sayGoodbye(): void {
    this.#endedBy = 'front-door';
    this.#client.socket.write(restartFrame);
    this.#client.socket.end();
    this.#await(goodbyeMaxMs);
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
  #handed: HandedSocket | undefined;
  #isClosed = false;

  constructor(name: Side['name'], handed: HandedSocket, to: HandedSocket, tunnel: Tunnel) {
    this.name = name;
    this.socket = handed.socket;
    this.#handed = handed;
    this.#to = to.socket;
    this.#tunnel = tunnel;
  }

  start(): void {
    const handed = this.#handed!;
    this.#handed = undefined;
    this.socket.hearWith(this);
    if (handed.early.length > 0) this.onBytes(handed.early);
    if (handed.hasEnded) this.onEnd();
    if (handed.isClosed) return queueMicrotask(() => this.onClose(handed.error));
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
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#tunnel.onClose(this, error);
  }
}
