/** Settings of what monitoring systems get: Prometheus asks for it, StatsD is told. */
import { all, front, milliseconds, port, secret } from './setting.ts';
import type { Setting } from './setting.ts';

const item = { type: 'list', scope: 'process' } as const;
/** A name or an address; the original product's chart has a URL for its example. */
export const statsdHostPattern = /^[A-Za-z0-9.:_-]{1,255}$/;

export const metricSettings = {
  CT_PROMETHEUS_ENABLED: {
    type: 'choice',
    default: 'false',
    choices: ['false', 'true'],
    live: true,
    roles: front,
    scope: 'process',
    help: 'Whether /metrics is served on the port for clients, too; on the admin port it always is. Both ask who wants it. What mooring metrics sets for all front doors goes before it.',
  },
  CT_METRICS_ALLOW: {
    ...item,
    default: '127.0.0.0/8,::1/128',
    itemPattern: /^[0-9a-fA-F.:]+(\/\d{1,3})?$/,
    itemHelp: 'an address or CIDR',
    roles: all,
    help: 'Networks that may read /metrics without a token; 0.0.0.0/0,::/0 opens it to everybody.',
  },
  CT_METRICS_TOKEN: {
    ...secret,
    roles: all,
    scope: 'process',
    help: 'Bearer token with which /metrics may be read from anywhere; none unless set.',
  },
  CT_METRICS_STATSD_HOST: {
    type: 'text',
    default: '',
    faultOf: (host) =>
      statsdHostPattern.test(host)
        ? undefined
        : `"${host}" is no name or address: only that, without https:// or a path`,
    live: true,
    roles: all,
    scope: 'process',
    help: 'StatsD server that gets the metrics; none unless set. What mooring metrics sets for all front doors goes before it.',
  },
  CT_METRICS_STATSD_PORT: {
    ...port,
    min: 1,
    default: 8_125,
    live: true,
    roles: all,
    help: 'Port of the StatsD server.',
  },
  CT_METRICS_STATSD_PROTOCOL: {
    type: 'choice',
    default: 'UDP',
    choices: ['UDP', 'TCP', 'udp', 'tcp'],
    live: true,
    roles: all,
    scope: 'process',
    help: 'How the StatsD server is reached.',
  },
  CT_METRICS_STATSD_PREFIX: {
    type: 'text',
    default: 'mooring.',
    live: true,
    roles: all,
    scope: 'process',
    help: 'What the names of all metrics begin with at the StatsD server.',
  },
  CT_METRICS_STATSD_LABELS: {
    type: 'choice',
    default: 'name',
    choices: ['name', 'dogstatsd', 'telegraf'],
    live: true,
    roles: all,
    scope: 'process',
    help: 'How labels are told: as parts of the name, as tags after the value, or as tags after the name.',
  },
  CT_METRICS_STATSD_TAGS: {
    ...item,
    default: '',
    itemPattern: /^[A-Za-z][A-Za-z0-9_.-]*:[A-Za-z0-9_./-]+$/,
    itemHelp: 'NAME:VALUE',
    live: true,
    roles: all,
    help: 'Tags of every metric, where labels are told as tags.',
  },
  CT_METRICS_STATSD_INTERVAL_MS: {
    ...milliseconds,
    default: 10_000,
    min: 1_000,
    max: 600_000,
    roles: all,
    help: 'How often the StatsD server is told.',
  },
} as const satisfies Record<string, Setting>;
