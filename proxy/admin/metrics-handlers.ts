/** The admin API for what monitoring systems are told: what `mooring metrics` asks for. */
import type { MetricsSetting } from '../metrics-setting.ts';
import type { AdminTable } from './admin-table.ts';
import type { Handlers } from './operation.ts';

export function metricsHandlers(setting: MetricsSetting): Handlers<AdminTable, 'metrics' | 'setMetrics'> {
  return {
    metrics: async () => {
      // What is changed next has to be the newest.
      await setting.refresh();
      return setting.show();
    },
    setMetrics: async ({ body: { version, ...next }, note }) => {
      note({ subject: 'metrics', before: inWords(setting) });
      await setting.replace(next, version);
      note({ after: inWords(setting) });
      return setting.show();
    },
  };
}

/** For the audit. */
function inWords({ target, fleet: { prometheus } }: MetricsSetting): string {
  const server = target === undefined ? 'none' : `${target.protocol}://${target.host}:${target.port}`;
  const served = prometheus === undefined ? 'by the settings' : prometheus ? 'on' : 'off';
  return `StatsD ${server}, Prometheus ${served}`;
}
