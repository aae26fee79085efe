/** `mooring metrics`: shows what monitoring systems get of the pool, or sets it for all front doors. */
import { statsdLabels } from '#shared/statsd-target.ts';
import type { StatsdTarget } from '#shared/statsd-target.ts';
import { ask } from './admin-client.ts';
import { print, row } from './inspect.ts';
import type { InspectOptions } from './inspect.ts';

interface MetricsView {
  readonly version: number;
  /** Replaced as a whole. */
  readonly fleet: { readonly statsd?: StatsdTarget | null; readonly prometheus?: boolean };
  readonly from: 'settings' | 'fleet';
  readonly statsd: StatsdTarget | null;
  readonly prometheus: {
    readonly isServed: boolean;
    readonly networks: readonly string[];
    readonly hasToken: boolean;
  };
}

export interface MetricsFlags extends InspectOptions {
  readonly protocol?: string;
  readonly prefix?: string;
  readonly labels?: string;
  readonly tag?: readonly string[];
}

export const metricsHelp = `
Each front door tells a StatsD server its own metrics and those of the whole pool. What is set here holds for all
front doors and goes before CT_METRICS_STATSD_*, which edges keep to. Prometheus reads /metrics on the admin port of
each process, and on the port for clients where that is on: what is set here goes before CT_PROMETHEUS_ENABLED. Who
may read it only the settings of each say: CT_METRICS_TOKEN, CT_METRICS_ALLOW.

Examples:
  mooring metrics
  mooring metrics set statsd.example.org:8125
  mooring metrics set 10.0.0.5:8125 --protocol tcp --labels dogstatsd --tag env:prod
  mooring metrics off                   no StatsD server is told, whatever the settings of a front door say
  mooring metrics reset                 what the settings of each front door say of StatsD
  mooring metrics prometheus on         /metrics on the port for clients of every front door
  mooring metrics prometheus off        not there, whatever the settings of a front door say
  mooring metrics prometheus reset      what the settings of each front door say of it`;

const switched: Readonly<Record<string, { readonly prometheus: boolean | undefined }>> = {
  on: { prometheus: true },
  off: { prometheus: false },
  reset: { prometheus: undefined },
};

export async function metrics(
  [action, place]: readonly (string | undefined)[],
  options: MetricsFlags,
): Promise<void> {
  const before = await ask<MetricsView>(options, '/admin/metrics');
  if (action === undefined) return show(before, options);
  const body = { version: before.version, ...before.fleet, ...changeOf(action, place, options) };
  show(await ask<MetricsView>(options, '/admin/metrics', { body, method: 'PUT' }), options);
}

/** The part that changes. */
function changeOf(action: string, place: string | undefined, flags: MetricsFlags): MetricsChange {
  if (action === 'prometheus') return switchOf(place);
  if (action === 'off') return { statsd: null };
  if (action === 'reset') return { statsd: undefined };
  const [, host, port] = /^(\[[0-9a-fA-F:]+\]|[^:]+)(?::(\d+))?$/.exec(place ?? '') ?? [];
  if (action !== 'set' || host === undefined)
    throw new Error(
      'say: mooring metrics, mooring metrics set HOST:PORT, mooring metrics off, mooring metrics reset, or mooring metrics prometheus on|off|reset',
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

type MetricsChange = { readonly statsd: object | null | undefined } | (typeof switched)[string];

function switchOf(word = ''): MetricsChange {
  if (!Object.hasOwn(switched, word)) throw new Error('say: mooring metrics prometheus on, off or reset');
  return switched[word]!;
}

function show(view: MetricsView, options: InspectOptions): void {
  print(options, view, () => [...statsdLines(view), prometheusLine(view)]);
}

function statsdLines({ statsd, from }: MetricsView): string[] {
  if (statsd === null)
    return [`no StatsD server is told (by the ${from === 'fleet' ? 'fleet' : 'settings'})`];
  const { host, port, protocol, prefix, labels, tags } = statsd;
  return [
    row(['STATSD', 'PROTOCOL', 'PREFIX', 'LABELS', 'TAGS', 'FROM']),
    row([`${host}:${port}`, protocol, prefix, labels, tags.join(' ') || '-', from]),
  ];
}

function prometheusLine({ fleet, prometheus: { isServed, networks, hasToken } }: MetricsView): string {
  const by = `by the ${fleet.prometheus === undefined ? 'settings' : 'fleet'}`;
  if (!isServed) return `no /metrics for Prometheus on the port for clients (${by})`;
  const token = hasToken ? 'the token' : 'a token, which is not set';
  const without = networks.length === 0 ? '' : `, without it: ${networks.join(', ')}`;
  return `/metrics for Prometheus on the port for clients (${by}), with ${token}${without}`;
}
