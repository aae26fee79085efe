/**
 * The command line of the simulation: runs schedules from a printed seed, tells the first broken promise with all that
 * is needed to see it again, ends with a verdict, and exits 1 where it is FAIL.
 */
import { randomInt } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import { runSchedule } from './schedule.ts';
import { runSchedules } from './schedules.ts';
import type { Breach } from './verdict.ts';

interface Flags {
  readonly runs: number;
  readonly seed?: number;
  readonly trace?: boolean;
  readonly minutes?: number;
}

const defaultRuns = 10_000;
const progressIntervalMs = 5_000;
const seedBound = 2 ** 31;

await new Command('npm run sim --')
  .description(
    'Plays a pool of front doors and edges with their clients, in a time of its own, while processes die and freeze, ' +
      'connections break and sessions move; checks the promises about sessions and documents.',
  )
  .option('--runs <n>', 'schedules to play', parseCount, defaultRuns)
  .option(
    '--seed <n>',
    'of the first schedule, the others follow (default: one by chance, printed)',
    parseCount,
  )
  .option('--minutes <n>', 'end after so many minutes at the latest', parseCount)
  .option('--trace', 'play the one schedule of --seed and print its story')
  .addHelpText(
    'after',
    '\nExamples:\n  npm run sim -- --runs 1000000          a long run; two of them use two cores\n' +
      '  npm run sim -- --seed 4711 --trace     the story of one schedule',
  )
  .action(async (flags: Flags) => await run(flags))
  .parseAsync();

async function run({ runs, seed = randomInt(seedBound), trace, minutes }: Flags): Promise<void> {
  if (trace === true) return await tellStory(seed);
  console.log(`seed ${seed}`);
  const maxMs = (minutes ?? Number.POSITIVE_INFINITY) * 60_000;
  // At once, for a run may be ended before its end.
  const onBreach = (broken: number, { message }: Breach): void => console.log(`seed ${broken}: ${message}`);
  const report = await runSchedules({ seed, runs, maxMs, progressIntervalMs, onProgress: print, onBreach });
  print(report);
  const counts = Object.entries(report.counts).map(([name, count]) => `${name} ${count}`);
  console.log(`in all: ${counts.join(', ')}`);
  const isWell = report.breaches.length === 0;
  console.log(`SIM schedules ${report.played} broken ${report.breaches.length} ${isWell ? 'PASS' : 'FAIL'}`);
  process.exitCode = isWell ? 0 : 1;
}

async function tellStory(seed: number): Promise<void> {
  const { breach } = await runSchedule(seed, { onLine: (line) => console.log(line) });
  console.log(breach === undefined ? `seed ${seed}: nothing is broken` : `seed ${seed}: ${breach.message}`);
  process.exitCode = breach === undefined ? 0 : 1;
}

function print({ played, simulatedMs, elapsedMs }: Progress): void {
  const perSecond = Math.round(played / (elapsedMs / 1_000));
  const hours = (simulatedMs / 3_600_000).toFixed(1);
  console.log(`${played} schedules, ${perSecond} a second, ${hours} h of pool time`);
}

interface Progress {
  readonly played: number;
  readonly simulatedMs: number;
  readonly elapsedMs: number;
}

function parseCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('a whole number is needed');
  return Number(text);
}
