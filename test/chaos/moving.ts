/**
 * The scenario `move`: sessions under traffic are moved one by one, and whole edges are drained, round after round. Nobody
 * on a WebSocket may notice more than a pause.
 */
import type { Pool } from '../support/pool.ts';
import type { Crowd } from './crowd.ts';
import { nowMs } from './history.ts';
import type { Fault, Pen } from './history.ts';
import { keepsLooking, pass } from './patience.ts';
import { findOwners } from './placement-probe.ts';

export interface MovingPlan {
  readonly rounds: number;
  readonly random: () => number;
  readonly pen: Pen;
  readonly onRound: (text: string) => void;
}

/** One round in five, and the last one, empties an edge; the others move one session. */
const drainEvery = 5;
const drainSeconds = 60;
const moveMaxMs = 90_000;
const returnMaxMs = 30_000;

export async function runMoves(pool: Pool, crowd: Crowd, plan: MovingPlan): Promise<void> {
  for (let round = 1; round <= plan.rounds; round++) {
    await pass(200 + plan.random() * 600);
    await playRound(pool, crowd, plan, round);
  }
}

async function playRound(pool: Pool, crowd: Crowd, plan: MovingPlan, round: number): Promise<void> {
  const { pen, random } = plan;
  const { keys } = crowd;
  const owners = await findOwners(pool.url, keys);
  const key = keys[Math.floor(random() * keys.length)]!;
  const from = owners.get(key)!.edge;
  const isDrain = round % drainEvery === 0 || round === plan.rounds;
  const fault: Fault = isDrain ? 'drain' : 'move';
  const touched = fault === 'move' ? [key] : keys.filter((held) => owners.get(held)?.edge === from);
  const startedAt = nowMs();
  pen({ kind: 'fault', fault, round, edge: from, keys: touched }, startedAt);
  if (fault === 'move') await moveSession(pool, key, from, random);
  else await drainEdge(pool, from);
  const movedAt = nowMs();
  await keepsLooking(
    () => crowd.withoutNews(touched, movedAt).length === 0,
    'all are back',
    returnMaxMs,
  ).catch(ignore);
  const missing = crowd.withoutNews(touched, movedAt);
  pen({ kind: 'settled', round });
  await locate(pool, keys, pen);
  const took = `${Math.round(movedAt - startedAt)} ms, all back after ${Math.round(nowMs() - startedAt)} ms`;
  const lost = missing.length > 0 ? `, MISSING ${missing.join(' ')}` : '';
  plan.onRound(`${fault} ${round} from ${from}: ${touched.length} sessions in ${took}${lost}`);
}

async function moveSession(pool: Pool, key: string, from: string, random: () => number): Promise<void> {
  const others = (await pool.edges()).filter(({ id, state }) => id !== from && state === 'ready');
  const edge = others[Math.floor(random() * others.length)]?.id;
  const { status, answer } = await pool.act('/admin/move', { key, edge });
  if (status !== 200) throw new Error(`the move was refused: ${JSON.stringify(answer)}`);
}

async function drainEdge(pool: Pool, edge: string): Promise<void> {
  const { status, answer } = await pool.act('/admin/drain', { edge, deadlineSeconds: drainSeconds });
  if (status !== 200) throw new Error(`the drain was refused: ${JSON.stringify(answer)}`);
  await keepsLooking(
    async () => (await pool.drains()).find((drain) => drain.edge === edge)?.left === 0,
    `${edge} is empty`,
    moveMaxMs,
  );
  await pool.act('/admin/undrain', { edge });
  await keepsLooking(
    async () => (await pool.edges()).some(({ id, state }) => id === edge && state === 'ready'),
    `${edge} is ready again`,
    moveMaxMs,
  );
}

async function locate(pool: Pool, keys: readonly string[], pen: Pen): Promise<void> {
  const owners = await findOwners(pool.url, keys);
  for (const key of keys) {
    const { edge: directory } = await pool.where(key);
    pen({ kind: 'located', key, directory, edge: owners.get(key)?.edge ?? 'none' });
  }
}

function ignore(): void {
  // Who is not back is missing in the history, where it is judged.
}
