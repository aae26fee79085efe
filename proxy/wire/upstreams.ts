/** The pools of connections to edges, one per address; made at first use, forgotten with the edge. */
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { Transport } from './transport.ts';
import { UpstreamPool } from './upstream-pool.ts';

interface UpstreamsOptions {
  readonly settings: Settings;
  readonly wheel: TimerWheel;
  readonly transport: Transport;
  readonly metrics: Metrics;
}

export class Upstreams {
  readonly #options: UpstreamsOptions;
  readonly #pools = new Map<string, UpstreamPool>();

  constructor(options: UpstreamsOptions) {
    this.#options = options;
  }

  get transport(): Transport {
    return this.#options.transport;
  }

  pool(address: string): UpstreamPool {
    let pool = this.#pools.get(address);
    if (pool === undefined) {
      pool = new UpstreamPool(address, this.#options);
      this.#pools.set(address, pool);
    }
    return pool;
  }

  /** Forgets addresses that no edge has any more. */
  retain(addresses: ReadonlySet<string>): void {
    for (const [address, pool] of this.#pools) {
      if (addresses.has(address)) continue;
      this.#pools.delete(address);
      pool.retire();
    }
  }

  /** Ends every connection. */
  destroy(): void {
    for (const pool of this.#pools.values()) pool.destroy();
    this.#pools.clear();
  }
}
