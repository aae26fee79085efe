/** Operations a second of a script, after a warm-up on the same connections, and the CPU time that they cost. */
import type { LoadProgram } from './load-program.ts';
import type { Figures } from './metric.ts';
import { readCpuMicroseconds } from './process-cost.ts';

export interface ScriptRun {
  readonly kind: 'rally' | 'fanout';
  readonly script: string;
  readonly seconds: number;
  readonly inFlight: number;
}

interface Measured {
  readonly load: LoadProgram;
  readonly folder: string;
  /** Processes whose CPU time counts. */
  readonly pids: readonly number[];
}

/** Servers on Node get faster for about so long. */
const warmupSeconds = 2;
const openMaxMs = 20_000;
const endMaxMs = 5_000;

/** `NAME-per-second` and `NAME-cpu-us`. */
export async function measureScript(name: string, run: ScriptRun, measured: Measured): Promise<Figures> {
  const { kind, script, seconds, inFlight } = run;
  const { load, folder, pids } = measured;
  const child = load.start(kind, [script, warmupSeconds, seconds, inFlight], folder);
  const readCpu = (): number => pids.reduce((total, pid) => total + readCpuMicroseconds(pid), 0);
  await child.waitForLine(/^measuring$/m, warmupSeconds * 1_000 + openMaxMs);
  const cpuBefore = readCpu();
  const [line] = await child.waitForLine(/^\{.*\}$/m, seconds * 1_000 + endMaxMs);
  const cpu = readCpu() - cpuBefore;
  await child.waitForResult(endMaxMs);
  const result = JSON.parse(line) as { operations: number; seconds: number };
  return {
    [`${name}-per-second`]: result.operations / result.seconds,
    [`${name}-cpu-us`]: cpu / result.operations,
  };
}
