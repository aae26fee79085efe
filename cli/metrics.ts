/** `mooring metrics`: shows which StatsD server the pool tells, or sets one for all front doors. */
import { statsdLabels } from '#shared/statsd-target.ts';
import type { StatsdTarget } from '#shared/statsd-target.ts';
import { ask } from './admin-client.ts';
import { print, row } from './inspect.ts';
import type { InspectOptions } from './inspect.ts';

interface MetricsView {
  readonly version: number;
  readonly from: 'settings' | 'fleet';
  readonly statsd: StatsdTarget | null;
}

export interface MetricsFlags extends InspectOptions {
  readonly protocol?: string;
  readonly prefix?: string;
  readonly labels?: string;
  readonly tag?: readonly string[];
}

export const metricsHelp = `
Each front door tells a StatsD server its own metrics and those of the whole pool. What is set here holds for all
front doors and goes before CT_METRICS_STATSD_*, which edges keep to. Prometheus reads /metrics of each process.

Examples:
  mooring metrics
  mooring metrics set statsd.example.org:8125
  mooring metrics set 10.0.0.5:8125 --protocol tcp --labels dogstatsd --tag env:prod
  mooring metrics off                   nobody is told, whatever the settings of a front door say
  mooring metrics reset                 what the settings of each front door say`;

export async function metrics(
  [action, place]: readonly (string | undefined)[],
  options: MetricsFlags,
): Promise<void> {
  const before = await ask<MetricsView>(options, '/admin/metrics');
  if (action === undefined) return show(before, options);
  const body = { version: before.version, ...changeOf(action, place, options) };
  show(await ask<MetricsView>(options, '/admin/metrics', { body, method: 'PUT' }), options);
}

function changeOf(action: string, place: string | undefined, flags: MetricsFlags): object {
  if (action === 'off') return { statsd: null };
  if (action === 'reset') return {};
  const [, host, port] = /^(\[[0-9a-fA-F:]+\]|[^:]+)(?::(\d+))?$/.exec(place ?? '') ?? [];
  if (action !== 'set' || host === undefined)
    throw new Error(
      'say: mooring metrics, mooring metrics set HOST:PORT, mooring metrics off, or mooring metrics reset',
    );
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
    throw new Error(`${port} is no port: 1 to 65535`);
  if (flags.labels !== undefined && !statsdLabels.some((labels) => labels === flags.labels))
    throw new Error(`--labels must be one of ${statsdLabels.join(', ')}`);
  const given = {
    port: port === undefined ? undefined : Number(port),
    protocol: flags.protocol?.toLowerCase(),
    prefix: flags.prefix,
    labels: flags.labels,
    tags: flags.tag,
  };
  return { statsd: { host: host.replaceAll(/[[\]]/g, ''), ...given } };
}

function show(view: MetricsView, options: InspectOptions): void {
  print(options, view, () => {
    const { statsd, from } = view;
    if (statsd === null)
      return [`no StatsD server is told (by the ${from === 'fleet' ? 'fleet' : 'settings'})`];
    const { host, port, protocol, prefix, labels, tags } = statsd;
    return [
      row(['STATSD', 'PROTOCOL', 'PREFIX', 'LABELS', 'TAGS', 'FROM']),
      row([`${host}:${port}`, protocol, prefix, labels, tags.join(' ') || '-', from]),
    ];
  });
}
