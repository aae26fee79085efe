/** Many schedules one after the other, each from its own seed, up to the first few broken promises. */
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { runSchedule } from './schedule.ts';
import type { Breach } from './verdict.ts';

interface RunPlan {
  /** Of the first schedule; the next one has the next number. */
  readonly seed: number;
  readonly runs: number;
  readonly onDocuments?: boolean | undefined;
  readonly maxMs?: number;
  readonly breachesMax?: number;
  readonly progressIntervalMs?: number;
  readonly onProgress?: (report: RunReport) => void;
  readonly onBreach?: (seed: number, breach: Breach) => void;
}

export interface RunReport {
  played: number;
  simulatedMs: number;
  elapsedMs: number;
  readonly breaches: { readonly seed: number; readonly breach: Breach }[];
  readonly counts: Record<string, number>;
}

const breachesDefaultMax = 10;

export async function runSchedules(plan: RunPlan): Promise<RunReport> {
  const {
    seed,
    runs,
    maxMs = Infinity,
    breachesMax = breachesDefaultMax,
    progressIntervalMs = Infinity,
  } = plan;
  const report: RunReport = { played: 0, simulatedMs: 0, elapsedMs: 0, breaches: [], counts: {} };
  const startedMs = performance.now();
  let toldMs = startedMs;
  while (report.played < runs && report.elapsedMs < maxMs && report.breaches.length < breachesMax) {
    const current = seed + report.played++;
    const { breach, ms, counts } = await runSchedule(current, { onDocuments: plan.onDocuments });
    report.simulatedMs += ms;
    for (const [name, count] of Object.entries(counts))
      report.counts[name] = (report.counts[name] ?? 0) + count;
    if (breach !== undefined) {
      report.breaches.push({ seed: current, breach });
      plan.onBreach?.(current, breach);
    }
    const now = performance.now();
    report.elapsedMs = now - startedMs;
    if (now - toldMs >= progressIntervalMs) {
      toldMs = now;
      plan.onProgress?.(report);
    }
    // For what else the process has to do.
    await endOfTurn();
  }
  return report;
}
