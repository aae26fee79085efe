/**
 * What monitoring systems get of all front doors: which StatsD server is told, and whether Prometheus finds `/metrics` on the port for
 * clients. What was set for the fleet, else what the settings of this process say; who may read it only those say.
 */
import { z } from 'zod';
import type { Log } from '#shared/log.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { statsdSchema, statsdTargetOf } from '#shared/statsd-target.ts';
import type { StatsdTarget } from '#shared/statsd-target.ts';
import type { Directory } from './directory/directory.ts';
import { FleetSetting } from './fleet-setting.ts';

/** What is left out is not stored: programs that know no more than the rest go on reading it. */
export const fleetMetricsSchema = z.strictObject({
  statsd: statsdSchema
    .nullable()
    .optional()
    .describe('null: nobody is told; left out: whom the settings of each front door name.'),
  prometheus: z
    .boolean()
    .optional()
    .describe(
      'Whether /metrics is served on the port for clients; left out: what the settings of each front door say.',
    ),
});

type FleetMetrics = z.output<typeof fleetMetricsSchema>;

interface MetricsView {
  readonly version: number;
  readonly fleet: FleetMetrics;
  readonly from: 'settings' | 'fleet';
  readonly statsd: StatsdTarget | null;
  readonly prometheus: {
    readonly isServed: boolean;
    readonly networks: readonly string[];
    readonly hasToken: boolean;
  };
}

export class MetricsSetting {
  readonly #settings: Settings;
  readonly #setting: FleetSetting<FleetMetrics>;

  constructor({ directory, settings, log }: { directory: Directory; settings: Settings; log: Log }) {
    this.#settings = settings;
    this.#setting = new FleetSetting({
      directory,
      name: 'metrics',
      initial: {},
      changedCode: 'setting-changed',
      parse: (stored) => fleetMetricsSchema.safeParse(stored).data,
      onRefused: (version) => log.error('metrics.refused', { version }),
    });
  }

  /** As it is set for the fleet. */
  get fleet(): FleetMetrics {
    return this.#setting.value;
  }

  get target(): StatsdTarget | undefined {
    const { statsd } = this.fleet;
    return statsd === undefined ? statsdTargetOf(this.#settings) : (statsd ?? undefined);
  }

  /** Whether Prometheus finds `/metrics` on the port for clients. */
  get isServed(): boolean {
    return this.fleet.prometheus ?? this.#settings.CT_PROMETHEUS_ENABLED === 'true';
  }

  async refresh(): Promise<void> {
    await this.#setting.refresh();
  }

  /** Throws `setting-changed` where `seen` is not the newest version. */
  async replace(next: FleetMetrics, seen: number | undefined): Promise<void> {
    await this.#setting.replace(next, seen);
  }

  show(): MetricsView {
    return {
      version: this.#setting.version,
      fleet: this.fleet,
      from: this.fleet.statsd === undefined ? 'settings' : 'fleet',
      statsd: this.target ?? null,
      prometheus: {
        isServed: this.isServed,
        networks: this.#settings.CT_METRICS_ALLOW,
        hasToken: this.#settings.CT_METRICS_TOKEN !== '',
      },
    };
  }
}
