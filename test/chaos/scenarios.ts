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
import { runCuts } from './cutting.ts';
import { returnMaxMs, runFailover } from './failover.ts';
import { HistoryFolder } from './history.ts';
import type { Pen } from './history.ts';
import { runMoves } from './moving.ts';
import { NetNamespace } from './net-namespace.ts';
import { keepsLooking } from './patience.ts';
import { nameKeys, reportLog } from './pool-history.ts';
import type { PoolLine } from './pool-history.ts';
import { SpreadPool } from './spread-pool.ts';
import { runTurnover } from './turnover.ts';
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
    case 'cut':
      return await playCuts(options);
    case 'turnover':
      return await playTurnover(options);
  }
}

const failoverRounds = { long: 250, short: 3 };
/** Of 250 rounds 50, and of few rounds one. */
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
  const stops = rounds === 1 ? 0 : Math.max(1, Math.floor(rounds * stopShare));
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

const moveRounds = { long: 50, short: 3 };
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

/** What an edge owes fails after 30 s; what went with a killed one does not come, and its asker waits for a minute. */
const answerMaxMs = { kept: 35_000, lost: 2_000 };

interface Stage {
  readonly scenario: ScenarioName;
  readonly crowd: CrowdPlan;
  readonly keepsEnvelopes: boolean;
}

/** On a machine that does much else besides. */
const readyMaxMs = 60_000;

/** `mooring direct` with three edges. */
async function playInPool(
  { folder }: ScenarioOptions,
  stage: Stage,
  play: (pool: Pool, crowd: Crowd, pen: Pen) => Promise<void>,
): Promise<string[]> {
  return await playIn(async (dataDir, failures) => {
    const { pool, close } = openPool({ env: { CT_LOG_LEVEL: 'debug' }, dataDir });
    try {
      await keepsLooking(() => pool.isRunningHere, 'the pool is ready', readyMaxMs);
      await playStage({
        folder,
        dataDir,
        pool,
        stage,
        play: async (crowd, pen) => await play(pool, crowd, pen),
        close,
        joinToken: pool.secret('join'),
        failures,
      });
    } finally {
      await close().catch(() => undefined);
    }
  });
}

const cutRounds = { long: 27, short: 1 };
const cutCrowd: CrowdPlan = {
  octSessions: 2,
  guests: 2,
  pollingGuests: 0,
  ySessions: 2,
  talkEveryMs: 100,
  writeEveryMs: 25,
};
const farEdge = 'edge-far';

async function playCuts(options: ScenarioOptions): Promise<string[]> {
  const { folder, onProgress } = options;
  const rounds = countRounds(options, cutRounds);
  const stage: Stage = { scenario: 'cut', crowd: cutCrowd, keepsEnvelopes: false };
  return await playIn(async (dataDir, failures) => {
    const space = await NetNamespace.open();
    try {
      const pool = await SpreadPool.open({
        dataDir,
        near: ['edge-1', 'edge-2'],
        far: { id: farEdge, space },
      });
      const close = async (): Promise<void> => await pool.close();
      const play = async (crowd: Crowd, pen: Pen): Promise<void> =>
        await runCuts(pool, space, crowd, { rounds, far: farEdge, pen, onRound: onProgress });
      try {
        const { joinToken } = pool;
        await playStage({ folder, dataDir, pool, stage, play, close, joinToken, failures });
      } finally {
        await close();
      }
    } finally {
      await space.close();
    }
  });
}

const turnoverMeetings = { long: 450, short: 5 };
const warmup = { share: 1 / 4, atLeast: 5 };

async function playTurnover(options: ScenarioOptions): Promise<string[]> {
  const { folder, onProgress } = options;
  const meetings = countRounds(options, turnoverMeetings);
  return await playIn(async (dataDir, failures) => {
    const pool = await SpreadPool.open({ dataDir, near: ['edge-1'], edgeFlags: ['--inspect=127.0.0.1:0'] });
    const history = new HistoryFolder(folder);
    history.openPen('run')({ kind: 'run', scenario: 'turnover', keepsEnvelopes: true, returnMaxMs });
    try {
      await runTurnover(pool, {
        warmup: Math.max(warmup.atLeast, Math.ceil(meetings * warmup.share)),
        meetings,
        history,
        onProgress,
      });
    } catch (error) {
      failures.push(String(error));
    } finally {
      await pool.close().catch((error: unknown) => failures.push(String(error)));
      await history.close();
    }
  });
}

/** With a data folder that goes when the scenario is over. */
async function playIn(play: (dataDir: string, failures: string[]) => Promise<void>): Promise<string[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'mooring-chaos-data-'));
  const failures: string[] = [];
  try {
    await play(dataDir, failures);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
  return failures;
}

interface Performance {
  readonly folder: string;
  readonly dataDir: string;
  readonly pool: { readonly url: string; readonly lines: readonly PoolLine[] };
  readonly stage: Stage;
  readonly play: (crowd: Crowd, pen: Pen) => Promise<void>;
  /** Stops the pool, so that its log is whole. */
  readonly close: () => Promise<void>;
  readonly joinToken: string;
  readonly failures: string[];
}

/** A crowd enters the pool, the scenario is played, all leave, and what the pool says is added to the history. */
async function playStage({
  folder,
  dataDir,
  pool,
  stage,
  play,
  close,
  joinToken,
  failures,
}: Performance): Promise<void> {
  const note = (error: unknown): void => void failures.push(String(error));
  const history = new HistoryFolder(folder);
  try {
    const commits = new CommitWitness(dataDir);
    const pen = history.openPen('run');
    pen({ kind: 'run', scenario: stage.scenario, keepsEnvelopes: stage.keepsEnvelopes, returnMaxMs });
    const crowd = new Crowd(pool.url, history, stage.crowd);
    try {
      await crowd.enter();
      await play(crowd, pen).catch(note);
      await crowd.leave(stage.keepsEnvelopes ? answerMaxMs.kept : answerMaxMs.lost);
    } catch (error) {
      note(error);
      crowd.abandon();
    }
    await close().catch(note);
    reportLog(pool.lines, nameKeys(joinToken, crowd.keys), history.openPen('pool'));
    writeFileSync(join(folder, 'pool.log'), pool.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    commits.report(history.openPen('store'));
  } finally {
    await history.close();
  }
}
