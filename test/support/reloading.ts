/** A pool whose settings file is reloaded and whose front door is replaced, again and again, under a crowd. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './oct-inbox.ts';
import type { Pool } from './pool.ts';
import type { Noticed, SteadyCrowd } from './steady-crowd.ts';

export interface ReloadPlan {
  readonly reloads: number;
  readonly restarts: number;
  readonly tell: (line: string) => void;
  /** Before each reload. */
  readonly pause?: () => Promise<void>;
}

export interface ReloadTrial {
  readonly reloads: number;
  readonly restarts: number;
  readonly noticed: Noticed;
  /** Keys of those who stay whose pin is not the one from before. */
  readonly movedPins: number;
  readonly splits: number;
}

const replacedMaxMs = 60_000;

export function settingsFileIn(folder: string): string {
  return join(folder, 'settings.env');
}

/** Each version differs from the one before. */
export function writeSettings(folder: string, version: number): void {
  const lines = [
    `CT_SERVER_OWNER=Version ${version}`,
    `CT_BODY_IDLE_TIMEOUT_MS=${60_000 + version}`,
    `CT_TRUSTED_PROXIES=10.0.${version % 256}.0/24`,
    `CT_LOG_LEVEL=${version % 2 === 0 ? 'info' : 'warn'}`,
  ];
  writeFileSync(settingsFileIn(folder), `${lines.join('\n')}\n`);
}

export async function runReloads(
  pool: Pool,
  crowd: SteadyCrowd,
  { reloads, restarts, tell, pause = async () => undefined }: ReloadPlan,
): Promise<ReloadTrial> {
  const before = await readEpochs(pool, crowd);
  const restartEvery = Math.floor(reloads / restarts);
  for (let version = 1; version <= reloads; version++) {
    await pause();
    writeSettings(pool.dataDir, version);
    // Both ways in turn.
    if (version % 2 === 0) process.kill(pool.pid, 'SIGHUP');
    else await reload(pool);
    await eventually(async () => (await readOwner(pool)) === `Version ${version}`, `version ${version} runs`);
    if (version % restartEvery === 0) await replace(pool);
    if (version % restartEvery === 0) tell(`${version} reloads: ${JSON.stringify(crowd.noticed)}`);
  }
  await crowd.stopArrivals();
  await crowd.allAnswer();
  const after = await readEpochs(pool, crowd);
  const movedPins = crowd.keys.filter((key) => after.get(key) !== before.get(key)).length;
  const { answer } = await pool.look('/admin/verify');
  const splits = (answer['splits'] as unknown[]).length;
  return { reloads, restarts, noticed: crowd.noticed, movedPins, splits };
}

async function reload(pool: Pool): Promise<void> {
  const { status, answer } = await pool.act('/admin/reload', { dryRun: false });
  if (status !== 200 || answer['outcome'] !== 'applied')
    throw new Error(`not reloaded: ${JSON.stringify(answer)}`);
}

async function replace(pool: Pool): Promise<void> {
  const { status, answer } = await pool.act('/admin/replace', {});
  if (status !== 200) throw new Error(`not replaced: ${JSON.stringify(answer)}`);
  const isReplaced = async (): Promise<boolean> => {
    // Between the two processes nobody listens on the admin port.
    const now = await pool.look('/admin/status').catch(() => undefined);
    return now !== undefined && now.answer['pid'] !== answer['pid'] && Number(now.answer['ready']) > 0;
  };
  await eventually(isReplaced, 'another front door serves', replacedMaxMs);
}

async function readOwner(pool: Pool): Promise<string> {
  const answer = await fetch(`${pool.url}/api/meta`);
  return ((await answer.json()) as { owner: string }).owner;
}

async function readEpochs(pool: Pool, crowd: SteadyCrowd): Promise<ReadonlyMap<string, number>> {
  const pins = crowd.keys.map(async (key) => [key, (await pool.where(key)).epoch] as const);
  return new Map(await Promise.all(pins));
}
