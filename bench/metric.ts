/** A measured figure with its unit and its bars, and what is computed from its samples. */

export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly digits: number;
  /** What each figure is held against, in the same round. */
  readonly comparisons: readonly Comparison[];
}

export interface Comparison {
  readonly rival: string;
  readonly by: 'ratio' | 'difference';
  /** What the comparison must come to for ours; without it the figure is for reading only. */
  readonly bar?: Bar;
}

export type Bar = { readonly atLeast: number } | { readonly atMost: number };

/** Figures of one set, by metric name; a rival without a proxy has no costs. */
export type Figures = Readonly<Record<string, number>>;

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Verdict {
  readonly benchmark: string;
  readonly metric: string;
  /** Undefined where it could not be measured, which never passes. */
  readonly figure: number | undefined;
  readonly bar: Bar;
  readonly passed: boolean;
}

export function spreadOf(samples: readonly number[]): Spread {
  return { median: median(samples), min: Math.min(...samples), max: Math.max(...samples) };
}

export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** Median over the rounds; both have a sample for each. */
export function compareRounds(
  samples: readonly number[],
  baseline: readonly number[],
  by: Comparison['by'],
): number {
  return median(
    samples.map((sample, round) => (by === 'ratio' ? sample / baseline[round]! : sample - baseline[round]!)),
  );
}

export function judge(benchmark: string, metric: string, figure: number | undefined, bar: Bar): Verdict {
  const passed = figure !== undefined && ('atLeast' in bar ? figure >= bar.atLeast : figure <= bar.atMost);
  return { benchmark, metric, figure, bar, passed };
}

/** `BAR NAME METRIC FIGURE BAR PASS|FAIL` */
export function formatVerdict(verdict: Verdict): string {
  const { benchmark, metric, figure, bar, passed } = verdict;
  const limit = 'atLeast' in bar ? `>=${bar.atLeast.toFixed(2)}` : `<=${bar.atMost.toFixed(2)}`;
  // Three digits: a figure that misses its bar must not look like one that meets it.
  return `BAR ${benchmark} ${metric} ${figure?.toFixed(3) ?? '-'} ${limit} ${passed ? 'PASS' : 'FAIL'}`;
}
