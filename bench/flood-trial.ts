/**
 * One pool under one flood after the other: what good clients feel of each, beside the calm before, and what is left of all of them in the
 * front door's memory and descriptors.
 */
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onLoadCore } from './child.ts';
import { feel, warmUp } from './good-clients.ts';
import type { Felt } from './good-clients.ts';
import { judge } from './metric.ts';
import type { Verdict } from './metric.ts';
import { startDirect } from './mooring-pool.ts';
import type { Outcome } from './outcome.ts';
import { readCpuMicroseconds } from './process-cost.ts';
import { formatTable } from './table.ts';

export interface Scenario {
  readonly name: string;
  /** Begins the flood; gives what ends it. */
  readonly begin: (port: number, crowd: number) => (() => void) | Promise<() => void>;
}

export interface FloodSize {
  readonly crowd: number;
  readonly seconds: number;
  readonly calmSeconds: number;
  readonly settleSeconds: number;
}

interface FloodTrial {
  readonly benchmark: string;
  readonly folder: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly scenarios: readonly Scenario[];
  /** Beside what good clients ask for: what a process takes for it once is no cost of a flood. */
  readonly warmUp?: () => Promise<void>;
  readonly size: FloodSize;
}

interface Holding {
  readonly memoryKib: number;
  readonly descriptors: number;
}

interface Left {
  /** To that of the calm. */
  readonly memory: number;
  /** More than in the calm. */
  readonly descriptors: number;
  readonly afterSeconds: number;
}

/** Those who mean well share the other core with the flood, and are what is measured. */
export const floodPriority = 19;
const heading = ['flood', 'p50 ms', 'p99 ms', 'failed', 'of', 'p99 to calm', 'CPU s', 'MiB'];
const edges = 3;
const lookMs = 500;
const quietMs = 25_000;
const memoryMax = 1.1;
const descriptorsMax = 10;

export async function runFloodTrial(trial: FloodTrial): Promise<Outcome> {
  return await onLoadCore(async () => await runTrial(trial));
}

async function runTrial(trial: FloodTrial): Promise<Outcome> {
  const { benchmark, settings, scenarios, size } = trial;
  // Of its own: in the log of a pool of before there is a ready line already.
  const folder = mkdtempSync(join(trial.folder, `${benchmark}-`));
  const { frontPort, child } = await startDirect(folder, edges, settings);
  try {
    const pid = frontDoorOf(child.pid);
    await warmUp(frontPort);
    await trial.warmUp?.();
    // As after the floods: what it took to warm up is given back by then.
    await sleep(quietMs);
    let calm = await feel(frontPort, size.calmSeconds);
    const base = holdingOf(pid);
    const rows = [heading, row('none', calm)];
    const verdicts: Verdict[] = [];
    const figures: unknown[] = [calm];
    for (const scenario of scenarios) {
      const cpuBefore = readCpuMicroseconds(pid);
      const felt = await feelUnder(scenario, frontPort, size);
      const cpuSeconds = (readCpuMicroseconds(pid) - cpuBefore) / 1_000_000;
      const { memoryKib } = holdingOf(pid);
      const after = await feel(frontPort, size.calmSeconds);
      // Others use the machine too: what counts is the calm around it.
      const toCalm = felt.p99Ms / ((calm.p99Ms + after.p99Ms) / 2);
      figures.push({ name: scenario.name, ...felt, toCalm, cpuSeconds, memoryKib, after });
      rows.push(row(scenario.name, felt, { toCalm, cpuSeconds, memoryKib }), row('none', after));
      calm = after;
      console.log(
        `${benchmark} ${scenario.name}: p99 ${felt.p99Ms.toFixed(1)} ms, ${toCalm.toFixed(2)} of calm`,
      );
      const metric = scenario.name.replaceAll(' ', '-');
      verdicts.push(judge(benchmark, `${metric}-p99-to-calm`, toCalm, { atMost: 2 }));
      verdicts.push(judge(benchmark, `${metric}-good-clients-failed`, felt.failed, { atMost: 0 }));
    }
    const left = await settle(pid, base, size.settleSeconds);
    verdicts.push(judge(benchmark, 'descriptors-left', left.descriptors, { atMost: descriptorsMax }));
    verdicts.push(judge(benchmark, 'memory-to-base', left.memory, { atMost: memoryMax }));
    const end = `${Math.round(left.afterSeconds)} s later: ${Math.round((left.memory * base.memoryKib) / 1_024)} MiB of ${Math.round(base.memoryKib / 1_024)} before, ${left.descriptors} descriptors more`;
    return {
      benchmark,
      text: `${formatTable(rows)}\n  ${end}`,
      figures: [...figures, left],
      verdicts,
      failures: {},
    };
  } finally {
    await child.stop();
  }
}

interface Cost {
  readonly toCalm: number;
  readonly cpuSeconds: number;
  readonly memoryKib: number;
}

function row(name: string, { p50Ms, p99Ms, failed, asked }: Felt, cost?: Cost): string[] {
  const memory = cost && String(Math.round(cost.memoryKib / 1_024));
  const ofFlood = [cost?.toCalm.toFixed(2), cost?.cpuSeconds.toFixed(1), memory].map((text) => text ?? '-');
  return [name, p50Ms.toFixed(1), p99Ms.toFixed(1), String(failed), String(asked), ...ofFlood];
}

async function feelUnder({ begin }: Scenario, port: number, { crowd, seconds }: FloodSize): Promise<Felt> {
  const end = await begin(port, crowd);
  try {
    return await feel(port, seconds);
  } finally {
    end();
  }
}

/** Until all is as before, or the time is over. */
async function settle(pid: number, base: Holding, seconds: number): Promise<Left> {
  const startedAtMs = performance.now();
  for (;;) {
    const { memoryKib, descriptors } = holdingOf(pid);
    const left = { memory: memoryKib / base.memoryKib, descriptors: descriptors - base.descriptors };
    const afterSeconds = (performance.now() - startedAtMs) / 1_000;
    const isAsBefore = left.memory <= memoryMax && left.descriptors <= descriptorsMax;
    if (isAsBefore || afterSeconds > seconds) return { ...left, afterSeconds };
    await sleep(lookMs);
  }
}

function holdingOf(pid: number): Holding {
  const memoryKib = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
  return { memoryKib, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

/** Of the supervisor's children. */
function frontDoorOf(supervisor: number): number {
  const children = readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8').trim().split(' ');
  const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('\0proxy'));
  if (found === undefined) throw new Error('the front door is not among the children of its supervisor');
  return Number(found);
}
