/** The pools of connections to edges, one per address; made at first use, forgotten with the edge. */
import type { HandoffOffer } from '#shared/handoff-offer.ts';
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

interface FollowedEdge {
  readonly address: string;
  readonly handoff?: HandoffOffer | undefined;
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

  get metrics(): Metrics {
    return this.#options.metrics;
  }

  pool(address: string): UpstreamPool {
    let pool = this.#pools.get(address);
    if (pool === undefined) {
      pool = new UpstreamPool(address, this.#options);
      this.#pools.set(address, pool);
    }
    return pool;
  }

  /** Follows the edges that there are: forgets addresses that none has any more, opens the lines that they offer. */
  follow(edges: readonly FollowedEdge[]): void {
    const { CT_HANDOFF } = this.#options.settings;
    const addresses = new Set(edges.map(({ address }) => address));
    if (CT_HANDOFF !== 'off' && this.transport.canGive)
      for (const { address, handoff } of edges) this.pool(address).offerLine(handoff);
    for (const [address, pool] of this.#pools) {
      if (addresses.has(address)) continue;
      this.#pools.delete(address);
      pool.retire();
    }
  }

  /** The front door goes: exchanges that their edges carry are over for it. */
  leaveTunnels(): void {
    for (const pool of this.#pools.values()) pool.leaveTunnels();
  }

  /** The front door goes for good: ends what it carries, each at a moment of its own, so that not all come back at once. */
  part(spreadMs: number, random: () => number): void {
    for (const pool of this.#pools.values())
      for (const tunnel of pool.tunnels) setTimeout(() => tunnel.part(), random() * spreadMs).unref();
  }

  /** Ends every connection. */
  destroy(): void {
    for (const pool of this.#pools.values()) pool.destroy();
    this.#pools.clear();
  }
}
