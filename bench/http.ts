/** HTTP through the front door: keep-alive GETs, small ones, small ones whose key changes, and of 64 KiB. */
import type { Benchmark } from './front-door-contest.ts';
import { measureRate, rateMetrics } from './measure-rate.ts';

const connections = 64;

const workloads = [
  { name: 'small', extra: ['/', 'fixed'], bar: { atLeast: 1 } },
  { name: 'key-change', extra: ['/', 'rotate'], bar: { atLeast: 0.9 } },
  { name: 'large', extra: ['/large', 'fixed'], bar: { atLeast: 1 } },
];

export const http: Benchmark = {
  name: 'http',
  metrics: workloads.flatMap(({ name, bar }) => rateMetrics(name, 'GET', { rate: bar })),
  measure: async (target, isShort) => {
    const seconds = isShort ? 1 : 3;
    const figures = [];
    for (const { name, extra } of workloads) {
      figures.push(await measureRate(name, { kind: 'http', connections, seconds, extra }, target));
    }
    return Object.assign({}, ...figures);
  },
};
