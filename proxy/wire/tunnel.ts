/**
 * Two sockets joined as raw bytes: back-pressure both ways, half-close passed on, one idle deadline for
 * both. WebSocket frames are never parsed here.
 */
import type { Duplex } from 'node:stream';
import { Deadline } from './timer-wheel.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { ByteCounts } from './wire.ts';

/** How a tunnel ended: which side closed or failed first, or nobody sent anything for too long. */
export interface TunnelEnd {
  readonly bytes: ByteCounts;
  readonly endedBy: 'client' | 'upstream' | 'idle';
  readonly error: Error | undefined;
}

/** After one side has ended, the other gets so long to end too. */
const halfCloseMaxMs = 30_000;

/** Joins until both sides are closed; resolves always. */
export async function joinSockets(
  client: Duplex,
  upstream: Duplex,
  { wheel, idleMs }: { wheel: TimerWheel; idleMs: number },
): Promise<TunnelEnd> {
  return await new Promise<TunnelEnd>((resolve) => {
    const tunnel = new Tunnel(client, upstream, { wheel, idleMs, resolve });
    tunnel.start();
  });
}

interface TunnelOptions {
  readonly wheel: TimerWheel;
  readonly idleMs: number;
  readonly resolve: (end: TunnelEnd) => void;
}

class Tunnel {
  readonly #client: Duplex;
  readonly #upstream: Duplex;
  readonly #options: TunnelOptions;
  readonly #deadline = new Deadline(() => this.#tearDown(this.#endedBy ?? 'idle'));
  #up = 0;
  #down = 0;
  #open = 2;
  #endedBy: TunnelEnd['endedBy'] | undefined;
  #error: Error | undefined;

  constructor(client: Duplex, upstream: Duplex, options: TunnelOptions) {
    this.#client = client;
    this.#upstream = upstream;
    this.#options = options;
  }

  start(): void {
    this.#await(this.#options.idleMs);
    this.#pump(this.#client, this.#upstream, 'client');
    this.#pump(this.#upstream, this.#client, 'upstream');
  }

  #pump(from: Duplex, to: Duplex, side: 'client' | 'upstream'): void {
    from.on('data', (chunk: Buffer) => {
      // The other side has said its last word and takes nothing: read on, so that this side's end is seen.
      if (!to.writable) return;
      if (side === 'client') this.#up += chunk.length;
      else this.#down += chunk.length;
      if (this.#endedBy === undefined) this.#await(this.#options.idleMs);
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.once('end', () => {
      this.#halfClose(side);
      to.end();
    });
    from.once('error', (error: Error) => {
      this.#error ??= error;
      this.#tearDown(side);
    });
    from.once('close', () => this.#onClose(from, side));
    from.resume();
  }

  #halfClose(side: 'client' | 'upstream'): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = side;
    this.#await(halfCloseMaxMs);
  }

  #await(ms: number): void {
    this.#options.wheel.set(this.#deadline, ms);
  }

  #tearDown(by: TunnelEnd['endedBy']): void {
    this.#endedBy ??= by;
    this.#client.destroy();
    this.#upstream.destroy();
  }

  /**
   * A side that closed after its end has said everything: the other one still gets what waits for it, as long
   * as the half close may last. Anything else ends both at once.
   */
  #onClose(closed: Duplex, side: 'client' | 'upstream'): void {
    if (this.#error !== undefined || !closed.readableEnded) this.#tearDown(side);
    if (--this.#open > 0) return;
    this.#options.wheel.remove(this.#deadline);
    this.#options.resolve({
      bytes: { up: this.#up, down: this.#down },
      endedBy: this.#endedBy ?? side,
      error: this.#error,
    });
  }
}
