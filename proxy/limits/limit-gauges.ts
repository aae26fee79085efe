/** What limits and breakers have to show, set when metrics are read. */
import type { Metrics } from '#shared/metrics.ts';
import type { EdgePool } from '../membership/pool.ts';
import type { Limits } from './open-limits.ts';

export function setLimitGauges(metrics: Metrics, pool: EdgePool, { arrivals, addresses }: Limits): void {
  metrics.set('ct_proxy_connections_open', arrivals.open);
  metrics.set('ct_proxy_addresses_known', addresses.size);
  metrics.set('ct_proxy_addresses_penalized', addresses.penalized);
  metrics.reset('ct_proxy_edge_breaker');
  metrics.reset('ct_proxy_edge_failures');
  metrics.reset('ct_proxy_edge_latency_seconds');
  for (const { id: edge, breaker: state, failures, latencyMs } of pool.list(performance.now())) {
    metrics.set('ct_proxy_edge_breaker', 1, { edge, state });
    metrics.set('ct_proxy_edge_failures', failures, { edge });
    metrics.set('ct_proxy_edge_latency_seconds', latencyMs / 1_000, { edge });
  }
}
