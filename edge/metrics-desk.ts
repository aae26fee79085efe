/** The metrics of the edge: set anew before each look, shown to whoever may read them, told to a StatsD server. */
import type { EdgeId } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import { MetricsAccess } from '#shared/metrics-access.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { StatsdPush } from '#shared/statsd-push.ts';
import { statsdTargetOf } from '#shared/statsd-target.ts';
import type { Adapter } from './adapter.ts';
import { sumLoads } from './load-sampler.ts';

interface MetricsDeskOptions {
  readonly id: EdgeId;
  readonly settings: Settings;
  readonly metrics: Metrics;
  readonly adapters: readonly Adapter[];
  readonly journal: { readonly setGauges: (metrics: Metrics) => void };
  readonly handoff: { readonly openCount: number };
  readonly moves: { readonly keptBytes: number };
  readonly log: Log;
}

export class MetricsDesk {
  readonly access: MetricsAccess;
  readonly #options: MetricsDeskOptions;
  readonly #push: StatsdPush;

  /** Throws for a network in the settings that is none. */
  constructor(options: MetricsDeskOptions) {
    const { settings, metrics, log } = options;
    this.#options = options;
    this.access = new MetricsAccess(settings);
    const target = statsdTargetOf(settings);
    this.#push = new StatsdPush({
      instance: options.id,
      read: async () => {
        this.refresh();
        return await metrics.read();
      },
      target: () => target,
      intervalMs: settings.CT_METRICS_STATSD_INTERVAL_MS,
      log,
    });
    void this.#push.run();
  }

  async stop(): Promise<void> {
    await this.#push.stop();
  }

  /** Sets what is not kept up to date by itself. */
  refresh(): void {
    const { metrics, adapters, journal, handoff, moves } = this.#options;
    for (const adapter of adapters) {
      const { sessions, members } = adapter.load();
      metrics.set('ct_edge_sessions', sessions, { adapter: adapter.name });
      metrics.set('ct_edge_members', members, { adapter: adapter.name });
    }
    journal.setGauges(metrics);
    metrics.set('ct_edge_handed_connections', handoff.openCount);
    metrics.set('ct_edge_handover_bytes', moves.keptBytes);
    metrics.set('ct_edge_outbox_bytes', sumLoads(adapters).outboxBytes);
  }
}
