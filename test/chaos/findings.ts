/** What a checker found in a history: breaches by kind, with some of them in words, counts, and samples of times. */

/** Every promise that a history can break. Each has a planted history in `test/chaos/checker.test.ts`. */
export const breachKinds = [
  'edits-lost',
  'edits-doubled',
  'edits-invented',
  'envelopes-lost',
  'envelopes-doubled',
  'envelopes-out-of-order',
  'requests-unanswered',
  'requests-answered-twice',
  'requests-failed',
  'peers-changed',
  'members-lost',
  'owners-overlapping',
  'sessions-elsewhere',
] as const;

export type BreachKind = (typeof breachKinds)[number];

export interface Breach {
  readonly kind: BreachKind;
  readonly text: string;
  readonly at: number;
}

export class Findings {
  readonly breaches: Breach[] = [];
  readonly counts = new Map<string, number>();
  readonly samples = new Map<string, number[]>();

  /** What is neither a count nor one of many times. */
  readonly figures = new Map<string, number>();

  add(kind: BreachKind, text: string, at: number): void {
    this.breaches.push({ kind, text, at });
  }

  count(what: string, more: number): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + more);
  }

  sample(what: string, ms: number): void {
    const known = this.samples.get(what);
    if (known === undefined) this.samples.set(what, [ms]);
    else known.push(ms);
  }

  breachesOf(kind: BreachKind): number {
    return this.breaches.filter((breach) => breach.kind === kind).length;
  }
}

/** The least sample that so large a share of all does not exceed; undefined where there is none. */
export function quantile(samples: readonly number[], share: number): number | undefined {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
