/**
 * Measures all rivals in one run: round by round, the order reversed each time, every set with fresh
 * processes and checked before it is measured. A rival that fails once is a failure and has no row.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkRival } from './check-rival.ts';
import { stopChildren } from './child.ts';
import { LoadProgram } from './load-program.ts';
import { judge, median, spreadOf } from './metric.ts';
import type { Figures, Metric, Spread, Verdict } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { haproxy } from './rivals/haproxy.ts';
import { httpProxy } from './rivals/http-proxy.ts';
import { installMissingPrograms } from './rivals/install.ts';
import { mooring } from './rivals/mooring.ts';
import { nginx } from './rivals/nginx.ts';
import { noProxy } from './rivals/no-proxy.ts';
import type { Rival } from './rivals/rival.ts';
import { formatFigure, formatTable } from './table.ts';

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
}

interface Row extends Spread {
  readonly metric: string;
  readonly rival: string;
  readonly samples: readonly number[];
  /** Median over the rounds of the ratio to HAProxy in the same round. */
  readonly ratio: number | undefined;
}

const allRivals: readonly Rival[] = [noProxy, haproxy, nginx, httpProxy, mooring];
export const rivalNames = allRivals.map(({ name }) => name);

export async function runContest(benchmark: Benchmark, options: RunOptions): Promise<Outcome> {
  const rivals = allRivals.filter(({ name }) => options.only.includes(name));
  installMissingPrograms(rivals);
  const load = new LoadProgram(options.folder);
  const sets = new Map<string, Figures[]>(rivals.map(({ name }) => [name, []]));
  const failures = new Map<string, string>();
  for (let round = 0; round < options.rounds; round++) {
    for (const rival of round % 2 === 0 ? rivals : rivals.toReversed()) {
      if (failures.has(rival.name)) continue;
      const progress = `${benchmark.name} round ${round + 1}/${options.rounds} ${rival.name}:`;
      try {
        const figures = await measureSet(benchmark, rival, load, options);
        sets.get(rival.name)!.push(figures);
        console.log(progress, formatFigures(benchmark.metrics, figures));
      } catch (error) {
        failures.set(rival.name, String(error));
        sets.delete(rival.name);
        console.log(progress, 'FAILED,', String(error));
      }
    }
  }
  const rows = benchmark.metrics.flatMap((metric) => rowsOf(metric, sets));
  return {
    benchmark: benchmark.name,
    text: benchmark.metrics.flatMap((metric) => formatMetric(benchmark.name, metric, rows)).join('\n\n'),
    figures: rows,
    verdicts: judgeRows(benchmark, rivals, rows),
    failures: Object.fromEntries(failures),
  };
}

async function measureSet(
  benchmark: Benchmark,
  rival: Rival,
  load: LoadProgram,
  options: RunOptions,
): Promise<Figures> {
  const folder = mkdtempSync(join(options.folder, 'set-'));
  try {
    const backends = await load.startBackends(folder);
    const running = await rival.start({ backends, folder });
    try {
      await checkRival(running, backends);
      const target = { port: running.port, pid: running.child?.pid, load, folder };
      return await benchmark.measure(target, options.isShort);
    } catch (error) {
      // A proxy that has died says more than those who talked to it.
      throw running.child?.causeOfEnd() ?? error;
    }
  } finally {
    await stopChildren();
    rmSync(folder, { recursive: true });
  }
}

function rowsOf(metric: Metric, sets: ReadonlyMap<string, readonly Figures[]>): Row[] {
  const baseline = sets.get(haproxy.name);
  return [...sets].flatMap(([rival, rounds]) => {
    const samples = rounds.flatMap((figures) => figures[metric.name] ?? []);
    if (samples.length === 0) return [];
    const ratios = baseline?.map((figures, round) => samples[round]! / figures[metric.name]!);
    const ratio = ratios === undefined ? undefined : median(ratios);
    return [{ metric: metric.name, rival, samples, ratio, ...spreadOf(samples) }];
  });
}

/** Bars are ratios of ours to HAProxy: without both in the run there is nothing to judge. */
function judgeRows(benchmark: Benchmark, rivals: readonly Rival[], rows: readonly Row[]): Verdict[] {
  if (!rivals.includes(mooring) || !rivals.includes(haproxy)) return [];
  return benchmark.metrics.flatMap(({ name, bar }) => {
    const row = rows.find(({ metric, rival }) => metric === name && rival === mooring.name);
    return bar === undefined ? [] : [judge(benchmark.name, name, row?.ratio, bar)];
  });
}

function formatMetric(benchmark: string, metric: Metric, rows: readonly Row[]): string[] {
  const cells = rows
    .filter((row) => row.metric === metric.name)
    .map(({ rival, median, min, max, ratio }) => [
      rival,
      ...[median, min, max].map((figure) => formatFigure(figure, metric.digits)),
      ratio?.toFixed(2) ?? '-',
    ]);
  const header = ['', 'median', 'min', 'max', 'x HAProxy'];
  const title = `${benchmark} ${metric.name} (${metric.unit})`;
  return cells.length === 0 ? [] : [`${title}\n${formatTable([header, ...cells])}`];
}

function formatFigures(metrics: readonly Metric[], figures: Figures): string {
  return metrics
    .flatMap(({ name, digits }) => {
      const figure = figures[name];
      return figure === undefined ? [] : [`${name} ${formatFigure(figure, digits)}`];
    })
    .join(', ');
}
