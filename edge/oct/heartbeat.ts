/**
 * Engine.IO's pings and pongs of one connection, as proof of what has arrived: a pong says that the client has
 * taken in all that went out before the ping, and that we have taken in all that it sent before the pong. The first is not
 * true of a pong that comes after a stop: see `isStopping`.
 */
import type { Socket as EngineSocket } from 'engine.io';

/** Runs when a ping goes out; what it returns runs at the pong of that ping. */
type PingListener = () => () => void;

const heartbeats = new WeakMap<EngineSocket, Heartbeat>();

/** The heartbeat of a connection; first called when the connection is new, so that no ping is missed. */
export function heartbeatOf(conn: EngineSocket): Heartbeat {
  const heartbeat = heartbeats.get(conn) ?? new Heartbeat(conn);
  heartbeats.set(conn, heartbeat);
  return heartbeat;
}

class Heartbeat {
  readonly #conn: EngineSocket;
  readonly #listeners = new Set<PingListener>();
  /** What the pongs that are to come will prove, one entry per ping, in order. */
  readonly #expected: (() => void)[][] = [];

  constructor(conn: EngineSocket) {
    this.#conn = conn;
    conn.on('packetCreate', ({ type }: { readonly type: string }) => {
      if (type === 'ping') this.#expected.push([...this.#listeners].map((listener) => listener()));
    });
    conn.on('heartbeat', () => {
      for (const proved of this.#expected.shift() ?? []) proved();
    });
  }

  get isWaiting(): boolean {
    return this.#expected.length > 0;
  }

  follow(listener: PingListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Pings now, besides the pings that Engine.IO sends by the clock. */
  ping(): void {
    (this.#conn as unknown as { sendPacket(type: 'ping'): void }).sendPacket('ping');
  }

  /**
   * Resolves at the pong of a ping that goes out now, or when the connection ends; at once for one that is closing,
   * as a poll that never comes back can be for long: no ping goes out on it.
   */
  async settled(): Promise<void> {
    if (this.#conn.readyState !== 'open') return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#conn.once('close', () => resolve());
    const unfollow = this.follow(() => resolve);
    this.ping();
    unfollow();
    await promise;
  }
}
