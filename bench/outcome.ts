/** What every benchmark is given and what it gives back. */
import type { Verdict } from './metric.ts';

export interface RunOptions {
  readonly isShort: boolean;
  readonly rounds: number;
  /** Of a soak: how long its exchanges take, where not as long as usual. */
  readonly minutes: number | undefined;
  /** Names of the rivals that take part. */
  readonly only: readonly string[];
  /** For the files of the run; removed at its end. */
  readonly folder: string;
}

export interface Outcome {
  readonly benchmark: string;
  /** Tables for people. */
  readonly text: string;
  /** The same for programs. */
  readonly figures: readonly unknown[];
  readonly verdicts: readonly Verdict[];
  /** What could not be measured, and why. */
  readonly failures: Readonly<Record<string, string>>;
}
