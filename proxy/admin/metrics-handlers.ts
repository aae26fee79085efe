/** The admin API for what monitoring systems are told: what `mooring metrics` asks for. */
import type { StatsdSetting } from '../statsd-setting.ts';
import type { AdminTable } from './admin-table.ts';
import type { Handlers } from './operation.ts';

export function metricsHandlers(statsd: StatsdSetting): Handlers<AdminTable, 'metrics' | 'setMetrics'> {
  const told = (): string => {
    const { target } = statsd;
    return target === undefined ? 'none' : `${target.protocol}://${target.host}:${target.port}`;
  };
  return {
    metrics: async () => {
      // What is changed next has to be the newest.
      await statsd.refresh();
      return statsd.show();
    },
    setMetrics: async ({ body: { version, ...next }, note }) => {
      note({ subject: 'StatsD', before: told() });
      await statsd.replace(next, version);
      note({ after: told() });
      return statsd.show();
    },
  };
}
