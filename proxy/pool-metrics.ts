/** What the whole pool does, as every front door hears it from all edges: the same on each of them. */
import type { Metrics } from '#shared/metrics.ts';
import type { PoolEdge } from './membership/pool.ts';

/** Sets the gauges of edges and of the pool. */
export function setPoolGauges(metrics: Metrics, edges: readonly PoolEdge[], people?: number): void {
  metrics.reset('ct_proxy_edge_state');
  metrics.reset('ct_proxy_edge_load');
  for (const edge of edges) {
    const state = edge.hold !== undefined && edge.state === 'ready' ? edge.hold : edge.state;
    metrics.set('ct_proxy_edge_state', 1, { edge: edge.id, state });
    metrics.set('ct_proxy_edge_load', edge.score, { edge: edge.id });
  }
  const { users, sessions, connections, lagMs } = poolFigures(edges, people);
  metrics.set('ct_pool_users_online', users);
  metrics.set('ct_pool_sessions_active', sessions);
  metrics.set('ct_pool_session_connections_active', connections);
  metrics.set('ct_pool_server_lag_seconds', lagMs / 1_000);
}

export interface PoolFigures {
  readonly users: number;
  readonly members: number;
  readonly sessions: number;
  readonly connections: number;
  readonly lagMs: number;
}

/**
 * From the last reports of all edges that are not suspect. `people`: how many different ones are in the pool, where that is known;
 * otherwise somebody on two edges counts twice.
 */
export function poolFigures(edges: readonly PoolEdge[], people = Infinity): PoolFigures {
  const loads = edges.flatMap(({ load, state }) => (load === undefined || state === 'suspect' ? [] : [load]));
  const sum = (of: (load: (typeof loads)[number]) => number): number =>
    loads.reduce((total, load) => total + of(load), 0);
  return {
    // Nobody is here whom no edge has, though his departure was never told.
    users: Math.min(
      people,
      sum(({ users }) => users),
    ),
    members: sum(({ members }) => members),
    sessions: sum(({ sessions }) => sessions),
    connections: sum(({ sockets }) => sockets.websocket + sockets.polling),
    lagMs: loads.length === 0 ? 0 : sum(({ eventLoopDelayMs }) => eventLoopDelayMs.p50) / loads.length,
  };
}
