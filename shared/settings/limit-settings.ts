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
} as const satisfies Record<string, Setting>;
