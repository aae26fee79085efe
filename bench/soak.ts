/**
 * The front door over a long time: exchanges and WebSockets that come and go, about one visit in three cut off at a
 * random point. Whatever is not cut must be whole; memory must not rise, and no descriptor stay.
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkRival } from './check-rival.ts';
import { stopChildren } from './child.ts';
import { ours } from './contest.ts';
import { LoadProgram, waitForLoadResult } from './load-program.ts';
import { judge, median } from './metric.ts';
import type { Verdict } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { readMemoryKib } from './process-cost.ts';
import { mooring } from './rivals/mooring.ts';
import { formatTable } from './table.ts';

interface Sample {
  /** Since the end of the warm-up. */
  readonly seconds: number;
  readonly rssMib: number;
  readonly descriptors: number;
}

interface Soak {
  readonly samples: readonly Sample[];
  /** With no client there: before, and after. */
  readonly quiet: readonly [Sample, Sample];
  readonly exchanges: number;
  readonly cutOff: number;
}

const connections = 32;
const plans = {
  short: { exchanges: 100_000, warmupSeconds: 30, seconds: 80 },
  long: { exchanges: 1_000_000, warmupSeconds: 360, seconds: 3_240 },
};
const warmupShare = 0.1;

function planOf({ isShort, minutes }: RunOptions): (typeof plans)['short'] {
  const plan = isShort ? plans.short : plans.long;
  if (minutes === undefined) return plan;
  const warmupSeconds = minutes * 60 * warmupShare;
  return { ...plan, warmupSeconds, seconds: minutes * 60 - warmupSeconds };
}

const samples = 80;
/** Memory goes up and down with the garbage collector: the least of so many samples is what is really held. */
const samplesPerFloor = 8;
/** Connections of clients are closed by then; those to backends that are kept may stay. */
const settleMs = 3_000;
const kibPerMib = 1_024;
/** What may be open besides: some connections to backends that are kept. A leak at one point would be hundreds. */
const descriptorsMax = 32;

export async function runSoak(options: RunOptions): Promise<Outcome> {
  const seed = randomInt(2 ** 31);
  console.log(`soak: seed ${seed}`);
  let text = '';
  let verdicts: readonly Verdict[] = [];
  const failures: Record<string, string> = {};
  const figures: unknown[] = [];
  try {
    const soak = await measureSoak(options, seed);
    const slope = slopePerMinute(soak.samples);
    const growth = soak.quiet[1].descriptors - soak.quiet[0].descriptors;
    text = formatSoak(soak);
    figures.push({ seed, slope, growth, ...soak });
    verdicts = [
      judge('soak', 'memory-mib-per-minute', slope, { atMost: 1 }),
      judge('soak', 'descriptors-left', growth, { atMost: descriptorsMax }),
    ];
  } catch (error) {
    failures[ours] = `${String(error)} (seed ${seed})`;
  } finally {
    await stopChildren();
  }
  return { benchmark: 'soak', text, figures, verdicts, failures };
}

async function measureSoak(options: RunOptions, seed: number): Promise<Soak> {
  const { folder: parent } = options;
  const { exchanges, warmupSeconds, seconds } = planOf(options);
  const load = new LoadProgram(parent, { withTls: false });
  const folder = mkdtempSync(join(parent, 'soak-'));
  const backends = await load.startBackends(folder);
  const { port, child } = await mooring.start({ backends, folder, certificate: undefined });
  await checkRival({ port, child }, backends);
  const { pid } = child!;
  const warmup = Math.round((exchanges * warmupSeconds) / (warmupSeconds + seconds));
  const run = async (seconds: number, exchanges: number): Promise<Record<string, number>> => {
    const soak = { kind: 'soak', connections, seconds, extra: [exchanges, seed] } as const;
    return await waitForLoadResult(load.startLoad(soak, port, folder), soak);
  };
  const before = await run(warmupSeconds, warmup);
  await sleep(settleMs);
  const start = performance.now();
  const take = (): Sample => takeSample(pid, start);
  const quietBefore = take();
  const collected: Sample[] = [];
  const timer = setInterval(() => collected.push(take()), (seconds * 1_000) / samples);
  const after = await run(seconds, exchanges - warmup).finally(() => clearInterval(timer));
  await sleep(settleMs);
  return {
    samples: collected,
    quiet: [quietBefore, take()],
    exchanges: before['operations']! + after['operations']!,
    cutOff: before['cutOff']! + after['cutOff']!,
  };
}

function takeSample(pid: number, start: number): Sample {
  return {
    seconds: (performance.now() - start) / 1_000,
    rssMib: readMemoryKib(pid).rss / kibPerMib,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

/** MiB a minute: the median of the slopes between all pairs (Theil and Sen), which a single leap does not move. */
function slopePerMinute(samples: readonly Sample[]): number {
  const floors = floorsOf(samples);
  const slopes = floors.flatMap((late, index) =>
    floors
      .slice(0, index)
      .map((early) => ((late.rssMib - early.rssMib) / (late.seconds - early.seconds)) * 60),
  );
  return median(slopes);
}

function floorsOf(samples: readonly Sample[]): Sample[] {
  const floors: Sample[] = [];
  for (let at = 0; at + samplesPerFloor <= samples.length; at += samplesPerFloor) {
    const some = samples.slice(at, at + samplesPerFloor);
    floors.push(some.reduce((least, sample) => (sample.rssMib < least.rssMib ? sample : least)));
  }
  return floors;
}

function formatSoak({ samples, quiet, exchanges, cutOff }: Soak): string {
  const line = ({ seconds, rssMib, descriptors }: Sample): string[] => [
    seconds.toFixed(0),
    rssMib.toFixed(1),
    String(descriptors),
  ];
  const table = formatTable([
    ['s', 'MiB RSS', 'descriptors'],
    line(quiet[0]).with(0, 'quiet'),
    ...floorsOf(samples).map(line),
    line(quiet[1]).with(0, 'quiet'),
  ]);
  return `soak: ${exchanges} exchanges, ${cutOff} of them cut off\n${table}`;
}
