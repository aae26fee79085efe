/**
 * What a front door adds to the time of an answer at a load that everyone carries: small GETs at a constant rate,
 * each timed from when it was due, so that a stall counts for all who would have come meanwhile.
 */
import type { Benchmark } from './front-door-contest.ts';
import { runLoad, warmupSeconds } from './measure-rate.ts';
import type { Bar, Metric } from './metric.ts';
import { noProxy } from './rivals/no-proxy.ts';

const connections = 64;
const requestsPerSecond = 2_000;

function percentile(name: string, bar?: Bar): Metric {
  const comparison = {
    rival: noProxy.name,
    by: 'difference',
    ...(bar === undefined ? {} : { bar }),
  } as const;
  return { name, unit: 'ms, less is better', digits: 3, comparisons: [comparison] };
}

export const latency: Benchmark = {
  name: 'latency',
  metrics: [
    percentile('p50-ms', { atMost: 0.3 }),
    percentile('p99-ms', { atMost: 2 }),
    percentile('p999-ms'),
    percentile('max-ms'),
  ],
  measure: async (target, isShort) => {
    const load = { kind: 'paced', connections, extra: [requestsPerSecond] } as const;
    await runLoad({ ...load, seconds: warmupSeconds }, target);
    const result = await runLoad({ ...load, seconds: isShort ? 3 : 10 }, target);
    return {
      'p50-ms': result['p50Us']! / 1_000,
      'p99-ms': result['p99Us']! / 1_000,
      'p999-ms': result['p999Us']! / 1_000,
      'max-ms': result['maxUs']! / 1_000,
    };
  },
};
