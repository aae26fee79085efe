/**
 * The command line of the fuzzers: runs one with a printed seed, keeps failing inputs as files that can be
 * replayed, prints counts by class and a verdict, exits 1 when it is FAIL.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { Authority } from '../support/certificate.ts';
import { prepareGround, refereeNames } from './fuzz-ground.ts';
import { formatCase, parseCase } from './http-case.ts';
import type { HttpCase, Protocol } from './http-case.ts';
import { runCase, runHttpFuzz } from './http-run.ts';
import type { RunPlan, RunReport } from './http-run.ts';
import type { Finding } from './judge.ts';

interface Flags {
  readonly requests: number;
  readonly seed?: number;
  readonly minutes?: number;
  readonly referees: readonly string[];
  readonly keep: string;
  readonly replay?: string;
}

const defaultRequests = 100_000;
const progressIntervalMs = 3_000;
/** A fault that shows in every case must not fill the disk or the screen. */
const keptMax = 100;
const shownMax = 20;

await new Command('npm run fuzz --')
  .description('Sends generated and damaged HTTP through the front door, and compares how it is read.')
  .addArgument(new Argument('<what>', 'what clients speak').choices(['http', 'http2']))
  .option('--requests <n>', 'requests to send, or frames of HTTP/2', parseCount, defaultRequests)
  .option('--seed <n>', 'start of all randomness (default: one by chance, printed)', parseCount)
  .option('--minutes <n>', 'end after so many minutes at the latest', parseCount)
  .addOption(
    new Option('--referees <names>', `who is asked, from ${refereeNames.join(',')}`)
      .argParser(parseReferees)
      .default([...refereeNames], 'all'),
  )
  .option('--keep <folder>', 'where failing cases are written', join(tmpdir(), 'mooring-fuzz-findings'))
  .option('--replay <file>', 'run one kept case again')
  .action(run)
  .parseAsync();

async function run(what: Protocol, flags: Flags): Promise<void> {
  const replayed = flags.replay === undefined ? undefined : parseCase(readFileSync(flags.replay, 'utf8'));
  const seed = replayed?.seed ?? flags.seed ?? randomInt(2 ** 31);
  console.log(`seed ${seed}, referees ${flags.referees.join(', ') || 'none'}`);
  const folder = mkdtempSync(join(tmpdir(), 'mooring-fuzz-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const protocol = replayed?.protocol ?? what;
  const authority = new Authority({ after: (end) => void process.on('exit', end) });
  const certificate = authority.sign('DNS:localhost,IP:127.0.0.1');
  const ground = await prepareGround(folder, flags.referees, certificate);
  const plan: RunPlan = {
    protocol,
    seed,
    requests: flags.requests,
    maxMs: (flags.minutes ?? Number.POSITIVE_INFINITY) * 60_000,
    onProgress: progressPrinter(),
    onFinding: findingKeeper(flags.keep),
  };
  const report =
    replayed === undefined ? await runHttpFuzz(ground, plan) : await runCase(ground, replayed, plan);
  const complaint = await ground.stop();
  if (complaint !== undefined) console.log(`crash: ${complaint}`);
  conclude(protocol, report, complaint === undefined ? 0 : 1);
}

function progressPrinter(): (report: RunReport) => void {
  const startedAt = performance.now();
  let printedAt = startedAt;
  return ({ requests, cases, findings }) => {
    const now = performance.now();
    if (now - printedAt < progressIntervalMs) return;
    printedAt = now;
    const rate = Math.round(requests / ((now - startedAt) / 1_000));
    const found = Object.values(findings).reduce((sum, count) => sum + count, 0);
    console.log(`${requests} inputs in ${cases} cases, ${rate} a second, ${found} findings`);
  };
}

function findingKeeper(folder: string): (finding: Finding, item: HttpCase | undefined) => void {
  let kept = 0;
  let shown = 0;
  return (finding, item) => {
    const keeps = item !== undefined && kept < keptMax;
    const file = keeps ? join(folder, `${item.protocol}-${item.seed}-${item.number}.json`) : 'not kept';
    if (keeps) {
      kept++;
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, formatCase(item, [`${finding.class}: ${finding.text}`]));
    }
    if (shown++ < shownMax) console.log(`${finding.class}: ${finding.text}\n  ${file}`);
  };
}

function conclude(
  protocol: Protocol,
  { requests, cases, classes, findings }: RunReport,
  crashesAtEnd: number,
): void {
  console.log(`\n${cases} cases:`);
  for (const [name, count] of [...classes].toSorted(([a], [b]) => a.localeCompare(b))) {
    console.log(`${String(count).padStart(9)}  ${name}`);
  }
  if (findings['answer-wrong'] > 0) console.log(`${findings['answer-wrong']} answers were wrong`);
  const crashes = findings.crash + crashesAtEnd;
  const isWell = Object.values(findings).every((count) => count === 0) && crashes === 0;
  const counts = `split-differently ${findings['split-differently']} crashes ${crashes} hangs ${findings.hang}`;
  const inputs = protocol === 'http' ? 'requests' : 'frames';
  console.log(`FUZZ ${protocol} ${inputs} ${requests} ${counts} ${isWell ? 'PASS' : 'FAIL'}`);
  process.exitCode = isWell ? 0 : 1;
}

function parseCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('a whole number is needed');
  return Number(text);
}

function parseReferees(text: string): string[] {
  const names = text.split(',').filter((name) => name !== '');
  const unknown = names.filter((name) => !refereeNames.some((known) => known === name));
  if (unknown.length > 0) throw new InvalidArgumentError(`there is no referee ${unknown.join(', ')}`);
  return names;
}
