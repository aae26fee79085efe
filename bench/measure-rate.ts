/** Operations a second under full load, and the CPU time that the proxy spent on each. */
import type { Target } from './front-door-contest.ts';
import { waitForLoadResult } from './load-program.ts';
import type { Load, LoadResult } from './load-program.ts';
import type { Bar, Comparison, Figures, Metric } from './metric.ts';
import { haproxy } from './rivals/haproxy.ts';
import { readCpuMicroseconds } from './process-cost.ts';

/** Proxies on Node get faster for about so long, under each load anew. */
export const warmupSeconds = 3;

/** Bars of the two metrics of a load. */
export interface RateBars {
  readonly rate?: Bar;
  readonly cpu?: Bar;
}

/** `NAME-per-second` and `NAME-cpu-us`. */
export function rateMetrics(name: string, operation: string, bars: RateBars): Metric[] {
  const rate = { name: `${name}-per-second`, unit: `${operation}/s, more is better`, digits: 0 };
  const cpu = { name: `${name}-cpu-us`, unit: `CPU us of the proxy/${operation}, less is better`, digits: 2 };
  return [
    { ...rate, comparisons: [ratioToHaproxy(bars.rate)] },
    { ...cpu, comparisons: [ratioToHaproxy(bars.cpu)] },
  ];
}

export async function measureRate(name: string, load: Load, target: Target): Promise<Figures> {
  await runLoad({ ...load, seconds: warmupSeconds }, target);
  const cpuBefore = target.pid === undefined ? undefined : readCpuMicroseconds(target.pid);
  const { operations, seconds } = await runLoad(load, target);
  const rate = { [`${name}-per-second`]: operations / seconds };
  if (target.pid === undefined || cpuBefore === undefined) return rate;
  return { ...rate, [`${name}-cpu-us`]: (readCpuMicroseconds(target.pid) - cpuBefore) / operations };
}

export function ratioToHaproxy(bar?: Bar): Comparison {
  return { rival: haproxy.name, by: 'ratio', ...(bar === undefined ? {} : { bar }) };
}

export async function runLoad(load: Load, { load: program, port, folder }: Target): Promise<LoadResult> {
  return await waitForLoadResult(program.startLoad(load, port, folder), load);
}
