/**
 * Measures all contestants in one run: round by round, the order reversed each time, every set in a folder of
 * its own and with fresh processes. A contestant that fails once is a failure and has no row.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stopChildren } from './child.ts';
import { compareRounds, judge, spreadOf } from './metric.ts';
import type { Comparison, Figures, Metric, Spread, Verdict } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { installMissingPrograms } from './rivals/install.ts';
import type { Program } from './rivals/install.ts';
import { formatFigure, formatTable } from './table.ts';

/** The contestant that is judged. */
export const ours = 'mooring';

export interface Contestant {
  readonly name: string;
  /** A program that is not ours and must be installed. */
  readonly program?: Program;
}

export interface Contest<C extends Contestant> {
  readonly name: string;
  readonly metrics: readonly Metric[];
  readonly contestants: readonly C[];
  /** Starts the contestant, checks it and measures it; processes that it leaves are stopped. */
  readonly measureSet: (contestant: C, folder: string) => Promise<Figures>;
}

interface Row extends Spread {
  readonly metric: string;
  readonly rival: string;
  readonly samples: readonly number[];
  /** By rival: median over the rounds of the comparison with it in the same round. */
  readonly comparedTo: Readonly<Record<string, number>>;
}

export async function runContest<C extends Contestant>(
  contest: Contest<C>,
  options: RunOptions,
): Promise<Outcome> {
  const { name, metrics } = contest;
  const contestants = contest.contestants.filter(({ name }) => options.only.includes(name));
  installMissingPrograms(contestants);
  const sets = new Map<string, Figures[]>(contestants.map(({ name }) => [name, []]));
  const failures = new Map<string, string>();
  for (let round = 0; round < options.rounds; round++) {
    for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
      if (failures.has(contestant.name)) continue;
      const progress = `${name} round ${round + 1}/${options.rounds} ${contestant.name}:`;
      try {
        const figures = await measureInFolder(contest, contestant, options.folder);
        sets.get(contestant.name)!.push(figures);
        console.log(progress, formatFigures(metrics, figures));
      } catch (error) {
        failures.set(contestant.name, String(error));
        sets.delete(contestant.name);
        console.log(progress, 'FAILED,', String(error));
      }
    }
  }
  const rows = metrics.flatMap((metric) => rowsOf(metric, sets));
  return {
    benchmark: name,
    text: metrics.flatMap((metric) => formatMetric(name, metric, rows)).join('\n\n'),
    figures: rows,
    verdicts: judgeRows(contest, contestants, rows),
    failures: Object.fromEntries(failures),
  };
}

async function measureInFolder<C extends Contestant>(
  contest: Contest<C>,
  contestant: C,
  parent: string,
): Promise<Figures> {
  const folder = mkdtempSync(join(parent, 'set-'));
  try {
    return await contest.measureSet(contestant, folder);
  } finally {
    await stopChildren();
    rmSync(folder, { recursive: true });
  }
}

function rowsOf(metric: Metric, sets: ReadonlyMap<string, readonly Figures[]>): Row[] {
  const samplesOf = (rival: string): number[] =>
    (sets.get(rival) ?? []).flatMap((figures) => figures[metric.name] ?? []);
  return [...sets.keys()].flatMap((rival) => {
    const samples = samplesOf(rival);
    if (samples.length === 0) return [];
    const compared = metric.comparisons.flatMap((comparison) => {
      const baseline = samplesOf(comparison.rival);
      if (baseline.length === 0) return [];
      return [[comparison.rival, compareRounds(samples, baseline, comparison.by)] as const];
    });
    return [
      { metric: metric.name, rival, samples, comparedTo: Object.fromEntries(compared), ...spreadOf(samples) },
    ];
  });
}

/** A bar holds two contestants against each other: without both in the run there is nothing to judge. */
function judgeRows<C extends Contestant>(
  { name, metrics }: Contest<C>,
  contestants: readonly C[],
  rows: readonly Row[],
): Verdict[] {
  const takesPart = (rival: string): boolean => contestants.some(({ name }) => name === rival);
  return metrics.flatMap((metric) => {
    const row = rows.find((row) => row.metric === metric.name && row.rival === ours);
    return metric.comparisons.flatMap(({ rival, bar }) => {
      if (bar === undefined || !takesPart(ours) || !takesPart(rival)) return [];
      return [judge(name, barName(metric, rival), row?.comparedTo[rival], bar)];
    });
  });
}

/** The rival is named where the metric has several. */
function barName({ name, comparisons }: Metric, rival: string): string {
  return comparisons.length === 1 ? name : `${name}-to-${rival}`;
}

function formatMetric(benchmark: string, metric: Metric, rows: readonly Row[]): string[] {
  const { comparisons, digits } = metric;
  const cells = rows
    .filter((row) => row.metric === metric.name)
    .map(({ rival, median, min, max, comparedTo }) => [
      rival,
      ...[median, min, max].map((figure) => formatFigure(figure, digits)),
      ...comparisons.map((comparison) => formatComparison(comparedTo[comparison.rival], comparison, digits)),
    ]);
  const columns = comparisons.map(({ rival, by }) => (by === 'ratio' ? `x ${rival}` : `over ${rival}`));
  const header = ['', 'median', 'min', 'max', ...columns];
  const title = `${benchmark} ${metric.name} (${metric.unit})`;
  return cells.length === 0 ? [] : [`${title}\n${formatTable([header, ...cells])}`];
}

function formatComparison(figure: number | undefined, { by }: Comparison, digits: number): string {
  if (figure === undefined) return '-';
  return by === 'ratio' ? figure.toFixed(2) : formatFigure(figure, digits);
}

function formatFigures(metrics: readonly Metric[], figures: Figures): string {
  return metrics
    .flatMap(({ name, digits }) => {
      const figure = figures[name];
      return figure === undefined ? [] : [`${name} ${formatFigure(figure, digits)}`];
    })
    .join(', ');
}
