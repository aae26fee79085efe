/** Which StatsD server all front doors tell: what was set for the fleet, else what the settings of this process name. */
import { z } from 'zod';
import type { Log } from '#shared/log.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { statsdSchema, statsdTargetOf } from '#shared/statsd-target.ts';
import type { StatsdTarget } from '#shared/statsd-target.ts';
import type { Directory } from './directory/directory.ts';
import { FleetSetting } from './fleet-setting.ts';

/** `null`: nobody, whatever the settings of a process say; `undefined`: what those say. */
const storedSchema = z.strictObject({ statsd: statsdSchema.nullable().optional() });

type Stored = z.output<typeof storedSchema>;

interface StatsdView {
  readonly version: number;
  readonly from: 'settings' | 'fleet';
  readonly statsd: StatsdTarget | null;
}

export class StatsdSetting {
  readonly #settings: Settings;
  readonly #setting: FleetSetting<Stored>;

  constructor({ directory, settings, log }: { directory: Directory; settings: Settings; log: Log }) {
    this.#settings = settings;
    this.#setting = new FleetSetting({
      directory,
      name: 'metrics',
      initial: {},
      changedCode: 'setting-changed',
      parse: (stored) => storedSchema.safeParse(stored).data,
      onRefused: (version) => log.error('metrics.refused', { version }),
    });
  }

  get target(): StatsdTarget | undefined {
    const { statsd } = this.#setting.value;
    return statsd === undefined ? statsdTargetOf(this.#settings) : (statsd ?? undefined);
  }

  async refresh(): Promise<void> {
    await this.#setting.refresh();
  }

  /** Throws `setting-changed` where `seen` is not the newest version. */
  async replace(next: Stored, seen: number | undefined): Promise<void> {
    await this.#setting.replace(next, seen);
  }

  show(): StatsdView {
    const { value, version } = this.#setting;
    return {
      version,
      from: value.statsd === undefined ? 'settings' : 'fleet',
      statsd: this.target ?? null,
    };
  }
}
