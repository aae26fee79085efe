/** Metrics of the whole pool, which every front door has. */
export const poolMetricTable = {
  ct_pool_users_online: {
    type: 'gauge',
    help: 'Different people who are connected, each once on however many edges; while the journal does not answer, one on two edges counts twice.',
    labels: [],
  },
  ct_pool_sessions_active: { type: 'gauge', help: 'Sessions on all edges.', labels: [] },
  ct_pool_session_connections_active: {
    type: 'gauge',
    help: 'Connections of members on all edges.',
    labels: [],
  },
  ct_pool_server_lag_seconds: {
    type: 'gauge',
    help: 'Delay of the event loop, its median on each edge, on average over all edges.',
    labels: [],
  },
  ct_pool_sessions_hosted_total: {
    type: 'counter',
    help: 'Sessions that began, as told to this front door; the sum over all front doors counts each once.',
    labels: [],
  },
  ct_pool_client_downloads_total: {
    type: 'counter',
    help: 'Files of clients that somebody got to their end from this front door, each once, however many ranges it took, by client and version (other beyond 100 of them).',
    labels: ['client', 'version'],
  },
  ct_pool_licence_connections: {
    type: 'gauge',
    help: 'Session connections that count for the licence, of the whole pool; 0 without one.',
    labels: [],
  },
  ct_pool_licence_connections_max: {
    type: 'gauge',
    help: 'Session connections that the licence allows; 0 without one.',
    labels: [],
  },
  ct_pool_licence_expiry_seconds: {
    type: 'gauge',
    help: 'When the licence ends, in seconds since 1970; 0 without one.',
    labels: [],
  },
  ct_pool_licence_refused_total: {
    type: 'counter',
    help: 'Newcomers whom this front door refused a seat of the licence.',
    labels: ['reason'],
  },
} as const;
