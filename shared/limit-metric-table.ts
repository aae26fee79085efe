/** Metrics of limits, retries and breakers: a part of the table in `metric-table.ts`. */
export const limitMetricTable = {
  ct_proxy_retries_refused_total: {
    type: 'counter',
    help: 'Exchanges that were not sent to their edge again, because too many were.',
    labels: [],
  },
  ct_proxy_breaker_opened_total: {
    type: 'counter',
    help: 'How often an edge failed so many exchanges in a row that it was not asked for a while.',
    labels: ['edge'],
  },
  ct_proxy_edge_breaker: {
    type: 'gauge',
    help: 'State of the breaker of each edge (closed, open, half-open), as 1.',
    labels: ['edge', 'state'],
  },
  ct_proxy_edge_failures: {
    type: 'gauge',
    help: 'Share of the last exchanges that the edge failed, 0 to 1; steers new keys.',
    labels: ['edge'],
  },
  ct_proxy_edge_latency_seconds: {
    type: 'gauge',
    help: 'Mean time to the first byte of the last answers of the edge; steers new keys.',
    labels: ['edge'],
  },
  ct_proxy_connections_open: {
    type: 'gauge',
    help: 'Open connections of clients, without those that became WebSockets.',
    labels: [],
  },
  ct_proxy_accepting_held: {
    type: 'gauge',
    help: '1 while no connection is accepted, because descriptors run out.',
    labels: [],
  },
  ct_proxy_accept_holds_total: {
    type: 'counter',
    help: 'How often accepting was held because descriptors ran out.',
    labels: [],
  },
  ct_proxy_descriptors_max: {
    type: 'gauge',
    help: 'Descriptors that this process may have, as the watch over them knows.',
    labels: [],
  },
  ct_proxy_entry_waits_total: {
    type: 'counter',
    help: 'Connections that waited for their turn to come in, as their address opened many at once.',
    labels: [],
  },
  ct_proxy_flood_penalties_total: {
    type: 'counter',
    help: 'How often an address was refused new connections for a while, for its connections were ended for floods.',
    labels: [],
  },
  ct_proxy_addresses_penalized: {
    type: 'gauge',
    help: 'Client addresses that are refused new connections now, for floods.',
    labels: [],
  },
  ct_proxy_addresses_known: {
    type: 'gauge',
    help: 'Client addresses of which limits know something.',
    labels: [],
  },
} as const;
