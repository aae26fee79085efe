/**
 * A contest of front doors: every set has fresh backends behind a fresh proxy, which is checked before it is
 * measured.
 */
import { checkRival } from './check-rival.ts';
import { runContest } from './contest.ts';
import type { Backend, LoadProgram } from './load-program.ts';
import type { Figures, Metric } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { caddy } from './rivals/caddy.ts';
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
  /** The load comes over HTTP/2: those take part who speak it, and are checked over it as well. */
  readonly checkHttp2?: (port: number, backends: readonly Backend[]) => Promise<void>;
}

const rivals: readonly Rival[] = [noProxy, haproxy, nginx, httpProxy, mooring, mooringByPath, haproxyByPath];
const http2Rivals: readonly Rival[] = [haproxy, nginx, caddy, mooring];
export const frontDoorNames = [...new Set([...rivals, ...http2Rivals])].map(({ name }) => name);

function plainRivals(certificate: Ground['certificate']): readonly Rival[] {
  return rivals.filter(({ speaksTls }) => certificate === undefined || speaksTls);
}

export async function runFrontDoorContest(
  benchmark: Benchmark,
  load: LoadProgram,
  options: RunOptions,
): Promise<Outcome> {
  const { name, metrics, certificate, checkHttp2 } = benchmark;
  return await runContest(
    {
      name,
      metrics,
      contestants: checkHttp2 === undefined ? plainRivals(certificate) : http2Rivals,
      measureSet: async (rival, folder) => {
        const backends = await load.startBackends(folder);
        const running = await rival.start({ backends, folder, certificate });
        try {
          await checkRival(running, backends, certificate);
          if (checkHttp2 !== undefined) await checkHttp2(running.tlsPort!, backends);
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
