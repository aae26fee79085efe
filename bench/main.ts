/** The command line of the bench: runs benchmarks by name, prints tables and bars, exits 1 when one fails. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { killChildrenAtExit } from './child.ts';
import { roomServerNames, runOctFanout, runYFanout } from './fanout.ts';
import { runFloods } from './floods.ts';
import { runHttp2Floods } from './floods-http2.ts';
import { frontDoorNames, runFrontDoorContest } from './front-door-contest.ts';
import { runDashboard } from './dashboard.ts';
import { runDirect } from './direct.ts';
import { runHistory } from './history.ts';
import { http } from './http.ts';
import { runHttp2 } from './http2.ts';
import { latency } from './latency.ts';
import { LoadProgram } from './load-program.ts';
import { formatVerdict } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { outageNames, runOutage } from './outage.ts';
import { runPlacementStore } from './placement-store.ts';
import { runPlacement } from './placement.ts';
import { runRace } from './race.ts';
import { runFailover, runMove, runTakeover } from './sessions-in-trouble.ts';
import { runReload } from './reload.ts';
import { runSoak } from './soak.ts';
import { runSticky } from './sticky.ts';
import { runTls } from './tls.ts';
import { websocket } from './websocket.ts';

interface Flags {
  readonly short: boolean;
  readonly json?: string;
  readonly rounds?: number;
  readonly minutes?: number;
  readonly only: readonly string[];
}

const benchmarks: Readonly<Record<string, (options: RunOptions) => Promise<Outcome>>> = {
  http: async (options) => await runFrontDoorContest(http, plainLoad(options), options),
  websocket: async (options) => await runFrontDoorContest(websocket, plainLoad(options), options),
  latency: async (options) => await runFrontDoorContest(latency, plainLoad(options), options),
  tls: runTls,
  http2: runHttp2,
  direct: runDirect,
  soak: runSoak,
  'fanout-y': runYFanout,
  'fanout-oct': runOctFanout,
  move: runMove,
  takeover: runTakeover,
  failover: runFailover,
  'placement-store': runPlacementStore,
  race: runRace,
  reload: runReload,
  floods: runFloods,
  'floods-http2': runHttp2Floods,
  sticky: runSticky,
  outage: runOutage,
  history: runHistory,
  dashboard: runDashboard,
  placement: async (options) => await Promise.resolve(runPlacement(options)),
};

const rivalNames: readonly string[] = [...new Set([...frontDoorNames, ...roomServerNames, ...outageNames])];
const defaultRounds = 5;
const shortRounds = 3;

await new Command('npm run bench --')
  .description('Measures the front door beside its rivals and judges it by its bars.')
  .addArgument(new Argument('<names...>', 'what to measure').choices(Object.keys(benchmarks)))
  .option('--short', 'fewer rounds, shorter loads: for CI', false)
  .option('--json <file>', 'write all figures to a file')
  .option(
    '--rounds <n>',
    `rounds of each rival (default: ${defaultRounds}, short ${shortRounds})`,
    parseRounds,
  )
  .option(
    '--minutes <n>',
    'soak: the same exchanges at another pace (default: 60, short 2); sticky: 5',
    parseMinutes,
  )
  .addOption(
    new Option('--only <rivals>', `rivals that take part, from ${rivalNames.join(',')}`)
      .argParser(parseRivals)
      .default(rivalNames, 'all'),
  )
  .addHelpText(
    'after',
    `
Examples:
  npm run bench -- http websocket
  npm run bench -- placement --short
  npm run bench -- http --only haproxy,mooring --rounds 9 --json http.json`,
  )
  .action(run)
  .parseAsync();

function plainLoad({ folder }: RunOptions): LoadProgram {
  return new LoadProgram(folder, { withTls: false });
}

async function run(names: readonly string[], flags: Flags): Promise<void> {
  if (availableParallelism() < 2)
    throw new Error('the bench needs two cores: one for the proxy, one for the load');
  killChildrenAtExit();
  const folder = mkdtempSync(join(tmpdir(), 'mooring-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, maxRetries: 5 }));
  const rounds = flags.rounds ?? (flags.short ? shortRounds : defaultRounds);
  const { short: isShort, only, minutes } = flags;
  const options = { isShort, rounds, minutes, only, folder };
  const outcomes: Outcome[] = [];
  for (const name of new Set(names)) {
    const outcome = await benchmarks[name]!(options);
    outcomes.push(outcome);
    console.log(`\n${outcome.text}\n`);
  }
  report(outcomes);
  if (flags.json !== undefined) {
    const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
    writeFileSync(
      flags.json,
      `${JSON.stringify({ machine, rounds, isShort: flags.short, outcomes }, null, 2)}\n`,
    );
  }
}

function report(outcomes: readonly Outcome[]): void {
  const failures = outcomes.flatMap(({ benchmark, failures }) =>
    Object.entries(failures).map(([what, why]) => `FAILED ${benchmark} ${what}: ${why}`),
  );
  const verdicts = outcomes.flatMap((outcome) => outcome.verdicts);
  for (const line of [...failures, ...verdicts.map(formatVerdict)]) console.log(line);
  if (failures.length > 0 || verdicts.some(({ passed }) => !passed)) process.exitCode = 1;
}

function parseRounds(text: string): number {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 99) throw new InvalidArgumentError('1 to 99.');
  return rounds;
}

function parseMinutes(text: string): number {
  const minutes = Number(text);
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 600) throw new InvalidArgumentError('1 to 600.');
  return minutes;
}

function parseRivals(text: string): readonly string[] {
  const names = text.split(',');
  const unknown = names.filter((name) => !rivalNames.includes(name));
  if (unknown.length > 0) {
    throw new InvalidArgumentError(`Unknown: ${unknown.join(', ')}. Rivals: ${rivalNames.join(', ')}.`);
  }
  return names;
}
