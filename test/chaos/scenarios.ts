/** Sets each scenario's stage: a pool, a crowd, the witnesses, and what all of them wrote down when it is over. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomFrom } from '../support/oct-speech.ts';
import { openPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';
import { CommitWitness } from './commit-witness.ts';
import { Crowd } from './crowd.ts';
import type { CrowdPlan } from './crowd.ts';
import { returnMaxMs, runFailover } from './failover.ts';
import { HistoryFolder } from './history.ts';
import type { Pen } from './history.ts';
import { runMoves } from './moving.ts';
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
    case 'move':
      return await playMoves(options);
    default:
      throw new Error('not yet');
  }
}

const failoverRounds = { long: 250, short: 4 };
const stopShare = 1 / 5;
const failoverCrowd: CrowdPlan = {
  octSessions: 3,
  guests: 2,
  pollingGuests: 0,
  ySessions: 4,
  talkEveryMs: 100,
  writeEveryMs: 25,
};

async function playFailover(options: ScenarioOptions): Promise<string[]> {
  const { seed, onProgress } = options;
  const rounds = countRounds(options, failoverRounds);
  const stops = Math.floor(rounds * stopShare);
  return await playInPool(
    options,
    { scenario: 'failover', crowd: failoverCrowd, keepsEnvelopes: false },
    async (pool, crowd, pen) => {
      await runFailover(pool, crowd, {
        kills: rounds - stops,
        stops,
        random: randomFrom(seed),
        pen,
        onRound: onProgress,
      });
    },
  );
}

const moveRounds = { long: 50, short: 5 };
const moveCrowd: CrowdPlan = {
  octSessions: 2,
  guests: 4,
  pollingGuests: 1,
  ySessions: 2,
  talkEveryMs: 100,
  writeEveryMs: 25,
};

async function playMoves(options: ScenarioOptions): Promise<string[]> {
  const { seed, onProgress } = options;
  const rounds = countRounds(options, moveRounds);
  return await playInPool(
    options,
    { scenario: 'move', crowd: moveCrowd, keepsEnvelopes: true },
    async (pool, crowd, pen) => {
      await runMoves(pool, crowd, { rounds, random: randomFrom(seed), pen, onRound: onProgress });
    },
  );
}

function countRounds({ rounds, isShort }: ScenarioOptions, usual: { long: number; short: number }): number {
  return rounds ?? (isShort ? usual.short : usual.long);
}

interface Stage {
  readonly scenario: ScenarioName;
  readonly crowd: CrowdPlan;
  readonly keepsEnvelopes: boolean;
}

/** `mooring direct` with three edges. */
async function playInPool(
  { folder }: ScenarioOptions,
  stage: Stage,
  play: (pool: Pool, crowd: Crowd, pen: Pen) => Promise<void>,
): Promise<string[]> {
  const history = new HistoryFolder(folder);
  const dataDir = mkdtempSync(join(tmpdir(), 'mooring-chaos-data-'));
  const { pool, close } = openPool({ env: { CT_LOG_LEVEL: 'debug' }, dataDir });
  const failures: string[] = [];
  const note = (error: unknown): void => void failures.push(String(error));
  try {
    await pool.waitUntilReady();
    const commits = new CommitWitness(dataDir);
    const pen = history.openPen('run');
    pen({ kind: 'run', scenario: stage.scenario, keepsEnvelopes: stage.keepsEnvelopes, returnMaxMs });
    const crowd = new Crowd(pool.url, history, stage.crowd);
    await crowd.enter();
    await play(pool, crowd, pen).catch(note);
    await crowd.leave().catch(note);
    const keys = nameKeys(pool.secret('join'), crowd.keys);
    await close().catch(note);
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
