/** Sets each scenario's stage: a pool, a crowd, the witnesses, and what all of them wrote down when it is over. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomFrom } from '../support/oct-speech.ts';
import { openPool } from '../support/pool.ts';
import { CommitWitness } from './commit-witness.ts';
import { Crowd } from './crowd.ts';
import type { CrowdPlan } from './crowd.ts';
import { returnMaxMs, runFailover } from './failover.ts';
import { HistoryFolder } from './history.ts';
import { nameKeys, reportLog } from './pool-history.ts';
import type { ScenarioName } from './verdicts.ts';

export interface ScenarioOptions {
  readonly folder: string;
  readonly seed: number;
  readonly rounds: number | undefined;
  readonly isShort: boolean;
  readonly onProgress: (text: string) => void;
}

/** Plays the scenario into the folder; gives what went wrong besides what the history shows. */
export async function playScenario(name: ScenarioName, options: ScenarioOptions): Promise<string[]> {
  switch (name) {
    case 'failover':
      return await playFailover(options);
    default:
      throw new Error('not yet');
  }
}

const failoverCrowd: CrowdPlan = {
  octSessions: 3,
  guests: 2,
  pollingGuests: 0,
  ySessions: 4,
  talkEveryMs: 100,
  writeEveryMs: 25,
};

async function playFailover({
  folder,
  seed,
  rounds,
  isShort,
  onProgress,
}: ScenarioOptions): Promise<string[]> {
  const all = rounds ?? (isShort ? 5 : 250);
  const stops = process.env['STOPS'] ? all : Math.floor(all / 5);
  const history = new HistoryFolder(folder);
  const dataDir = mkdtempSync(join(tmpdir(), 'mooring-chaos-data-'));
  const { pool, close } = openPool({ env: { CT_LOG_LEVEL: 'debug' }, dataDir });
  const failures: string[] = [];
  try {
    await pool.waitUntilReady();
    const commits = new CommitWitness(pool.dataDir);
    const pen = history.openPen('run');
    pen({ kind: 'run', scenario: 'failover', keepsEnvelopes: false, returnMaxMs });
    const crowd = new Crowd(pool.url, history, failoverCrowd);
    await crowd.enter();
    await runFailover(pool, crowd, {
      kills: all - stops,
      stops,
      random: randomFrom(seed),
      pen,
      onRound: onProgress,
    }).catch((error: unknown) => failures.push(String(error)));
    await crowd.leave();
    const keys = nameKeys(pool.secret('join'), crowd.keysEver);
    await close().catch((error: unknown) => failures.push(String(error)));
    reportLog(pool.lines, keys, history.openPen('pool'));
    writeFileSync(join(folder, 'pool.log'), pool.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    commits.report(history.openPen('store'));
  } finally {
    await history.close();
    await close().catch(() => undefined);
    rmSync(dataDir, { recursive: true, force: true });
  }
  return failures;
}
