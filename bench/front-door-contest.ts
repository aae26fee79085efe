/**
 * A contest of front doors: every set has fresh backends behind a fresh proxy, which is checked before it is
 * measured.
 */
import { checkRival } from './check-rival.ts';
import { runContest } from './contest.ts';
import type { LoadProgram } from './load-program.ts';
import type { Figures, Metric } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { haproxy, haproxyByPath } from './rivals/haproxy.ts';
import { httpProxy } from './rivals/http-proxy.ts';
import { mooring, mooringByPath } from './rivals/mooring.ts';
import { nginx } from './rivals/nginx.ts';
import { noProxy } from './rivals/no-proxy.ts';
import type { Ground, Rival } from './rivals/rival.ts';

/** What a benchmark measures of one rival that runs and is right. */
export interface Target {
  readonly port: number;
  /** The proxy's process; undefined where there is no proxy. */
  readonly pid: number | undefined;
  readonly load: LoadProgram;
  readonly folder: string;
}

export interface Benchmark {
  readonly name: string;
  readonly metrics: readonly Metric[];
  readonly measure: (target: Target, isShort: boolean) => Promise<Figures>;
  /** With it the rivals speak TLS, and the load comes over it. */
  readonly certificate?: NonNullable<Ground['certificate']>;
}

const allRivals: readonly Rival[] = [
  noProxy,
  haproxy,
  nginx,
  httpProxy,
  mooring,
  mooringByPath,
  haproxyByPath,
];
export const frontDoorNames = allRivals.map(({ name }) => name);

export async function runFrontDoorContest(
  benchmark: Benchmark,
  load: LoadProgram,
  options: RunOptions,
): Promise<Outcome> {
  const { name, metrics, certificate } = benchmark;
  return await runContest(
    {
      name,
      metrics,
      contestants: allRivals.filter(({ speaksTls }) => certificate === undefined || speaksTls),
      measureSet: async (rival, folder) => {
        const backends = await load.startBackends(folder);
        const running = await rival.start({ backends, folder, certificate });
        try {
          await checkRival(running, backends, certificate);
          const port = certificate === undefined ? running.port : running.tlsPort!;
          const target = { port, pid: running.child?.pid, load, folder };
          return await benchmark.measure(target, options.isShort);
        } catch (error) {
          // A proxy that has died says more than those who talked to it.
          throw running.child?.causeOfEnd() ?? error;
        }
      },
    },
    options,
  );
}
