/** Settings of the front door about whom it lets in, and how much of it: limits, proxies in front, retries, breakers. */
import { front } from './setting.ts';
import type { Setting } from './setting.ts';

const networks = {
  type: 'list',
  itemPattern: /^[0-9a-fA-F.:]+(\/\d{1,3})?$/,
  itemHelp: 'an address or CIDR',
  roles: front,
  scope: 'process',
  live: true,
} as const;

const limit = {
  type: 'integer',
  min: 0,
  max: 10_000_000,
  roles: front,
  scope: 'process',
  live: true,
} as const;

export const limitSettings = {
  CT_PROXY_PROTOCOL_FROM: {
    ...networks,
    default: '',
    help: 'Proxies in front that begin each connection with a header of the PROXY protocol (version 1 or 2): from these it is required, from others refused.',
  },
  CT_TRUSTED_HEADER: {
    type: 'choice',
    default: 'x-forwarded-for',
    choices: ['x-forwarded-for', 'forwarded'],
    roles: front,
    scope: 'process',
    live: true,
    help: 'Where CT_TRUSTED_PROXIES say who came to them: X-Forwarded-For with X-Forwarded-Proto, or Forwarded (RFC 7239). The other is a claim of strangers.',
  },
  CT_LIMIT_EXEMPT: {
    ...networks,
    default: '127.0.0.0/8,::1',
    help: 'Clients without limits per address, and in spite of CT_LIMIT_CONNECTIONS; CT_TRUSTED_PROXIES are so for their own connections.',
  },
  CT_LIMIT_CONNECTIONS: {
    ...limit,
    unit: 'connections',
    default: 0,
    help: 'Open connections of clients, WebSockets aside; 0: as many as there are descriptors (ulimit -n).',
  },
  CT_LIMIT_CONNECTIONS_PER_ADDRESS: {
    ...limit,
    unit: 'connections',
    default: 2_000,
    help: 'Open connections of one client address (of IPv6 a /64), WebSockets included; 0: no limit.',
  },
  CT_LIMIT_CONNECTION_RATE: {
    ...limit,
    unit: 'connections/s',
    default: 200,
    help: 'New connections of one client address a second, ten times as many at once; 0: no limit.',
  },
  CT_LIMIT_FLOOD_PENALTY_MS: {
    ...limit,
    unit: 'ms',
    default: 60_000,
    max: 3_600_000,
    help: 'An address whose connections are ended for floods of HTTP/2 opens no new ones for 1 s, four times as long each time it goes on, up to this; 0: never.',
  },
  CT_LIMIT_NEW_KEYS: {
    ...limit,
    unit: 'keys/minute',
    default: 600,
    help: 'Sessions that one client address may begin, of a minute at once; 0: no limit.',
  },
  CT_LIMIT_REQUESTS_PER_EDGE: {
    ...limit,
    unit: 'requests',
    default: 10_000,
    help: 'Requests under way to one edge by this front door, those that wait for a connection included; 0: no limit.',
  },
  CT_LIMIT_SOCKETS_PER_EDGE: {
    ...limit,
    unit: 'WebSockets',
    default: 50_000,
    help: 'WebSockets of one edge by this front door; at nine tenths it gets no new keys while others have fewer; 0: no limit.',
  },
  CT_LIMIT_REQUESTS_PER_KEY: {
    ...limit,
    unit: 'requests',
    default: 500,
    help: 'Requests under way for one session key, well below CT_UPSTREAM_CONNECTIONS_MAX, so that one key does not take its edge from the others; 0: no limit.',
  },
  CT_LIMIT_SOCKETS_PER_KEY: {
    ...limit,
    unit: 'WebSockets',
    default: 10_000,
    help: 'WebSockets of one session key; 0: no limit.',
  },
  CT_BREAKER_FAILURES: {
    ...limit,
    unit: 'failures',
    default: 20,
    help: 'Exchanges in a row that an edge fails, after which this front door does not ask it for a second or more; its keys stay its own. 0: never.',
  },
  CT_RETRY_PERCENT: {
    ...limit,
    unit: '%',
    default: 20,
    max: 100,
    help: 'Of the exchanges of 10 s so many may be sent to the same edge again.',
  },
  CT_RETRY_MIN: {
    ...limit,
    unit: 'retries',
    default: 10,
    help: 'So many exchanges may be sent again in 10 s in any case.',
  },
} as const satisfies Record<string, Setting>;
