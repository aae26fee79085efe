/**
 * The command line of chaos: breaks a pool under real clients, keeps the history of the run, and judges it; or judges a
 * history from before. Ends with a line for each bar and exits 1 when one fails.
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Argument, Command, InvalidArgumentError } from 'commander';
import { formatVerdict } from '../../bench/metric.ts';
import type { Verdict } from '../../bench/metric.ts';
import { checkHistory, formatFindings } from './checker.ts';
import { pick, readHistory } from './history.ts';
import { playScenario } from './scenarios.ts';
import { judgeFindings, scenarioNames } from './verdicts.ts';
import type { ScenarioName } from './verdicts.ts';

interface Flags {
  readonly rounds?: number;
  readonly seed?: number;
  readonly json?: string;
  readonly keep?: string;
  readonly short: boolean;
}

const priority = -15;

await new Command('npm run chaos --')
  .description('Breaks a pool under real clients, and judges the history of the run by its bars.')
  .addArgument(new Argument('<what>', 'what to do').choices([...scenarioNames, 'check']))
  .argument('[history]', 'folder or file of a history, for check')
  .option('--short', 'few rounds: as in the tests', false)
  .option('--rounds <n>', 'rounds; one in five of failover is a stop, the others are kills', parseCount)
  .option('--seed <n>', 'start of all draws (default: one by chance, printed)', parseCount)
  .option('--keep <folder>', 'where the history is kept (default: it goes when all bars hold)')
  .option('--json <file>', 'write all figures to a file')
  .addHelpText(
    'after',
    `
Examples:
  npm run chaos -- failover                  200 x kill -9, 50 x stop: half an hour
  npm run chaos -- move --rounds 10 --seed 7
  npm run chaos -- cut --short               needs root: network namespaces
  npm run chaos -- check /tmp/history        judge a history that was kept`,
  )
  .action(run)
  .parseAsync();

async function run(what: ScenarioName | 'check', path: string | undefined, flags: Flags): Promise<void> {
  if (what === 'check') {
    if (path === undefined) throw new Error('check needs a folder or a file');
    await judgeHistory(path, flags);
    return;
  }
  // Whatever else the machine does comes second, for clients and pool alike: its pauses are no figures of ours.
  if (process.getuid?.() === 0) setPriority(priority);
  const seed = flags.seed ?? randomInt(2 ** 31);
  const folder = flags.keep ?? mkdtempSync(join(tmpdir(), 'mooring-chaos-'));
  console.log(`${what}: seed ${seed}, history in ${folder}`);
  const failures = await playScenario(what, {
    folder,
    seed,
    rounds: flags.rounds,
    isShort: flags.short,
    onProgress: (text) => console.log(`${what}: ${text}`),
  });
  for (const failure of failures) console.log(`FAILED ${what}: ${failure}`);
  const isWell = (await judgeHistory(folder, flags)) && failures.length === 0;
  if (failures.length > 0) process.exitCode = 1;
  if (isWell && flags.keep === undefined) rmSync(folder, { recursive: true });
}

async function judgeHistory(path: string, flags: Flags): Promise<boolean> {
  const records = await readHistory(path);
  const scenario = (pick(records, 'run')[0]?.scenario ?? 'failover') as ScenarioName;
  const findings = checkHistory(records);
  const verdicts: Verdict[] = judgeFindings(scenario, findings);
  console.log(`\n${formatFindings(findings)}\n`);
  for (const verdict of verdicts) console.log(formatVerdict(verdict));
  const isWell = verdicts.every(({ passed }) => passed);
  if (!isWell) process.exitCode = 1;
  if (flags.json !== undefined) {
    const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
    const { breaches, counts, samples } = findings;
    const figures = { breaches, counts: Object.fromEntries(counts), samples: Object.fromEntries(samples) };
    writeFileSync(flags.json, `${JSON.stringify({ machine, scenario, verdicts, ...figures }, null, 2)}\n`);
  }
  return isWell;
}

function parseCount(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('A whole number is needed.');
  return Number(text);
}
