/**
 * The scenario `failover`: the edge that runs a session under traffic is killed, or stopped for longer than its lease and
 * let go on, round after round. Each round has a document whose members vanish with the edge, so that only what was kept
 * can bring it back.
 */
import type { Pool } from '../support/pool.ts';
import type { Crowd } from './crowd.ts';
import { nowMs } from './history.ts';
import type { Pen } from './history.ts';
import { keepsLooking, pass } from './patience.ts';
import { findOwners, probePlacement } from './placement-probe.ts';
import type { OwnerView } from './placement-probe.ts';

export interface FailoverPlan {
  readonly kills: number;
  readonly stops: number;
  readonly random: () => number;
  readonly pen: Pen;
  readonly onRound: (text: string) => void;
}

/** So long a member may take to hear something new: real clients give up after that. */
export const returnMaxMs = 30_000;
const readyMaxMs = 45_000;
const roundsOfDocument = 25;
const stopMinMs = 4_000;
const stopMoreMs = 2_000;

export async function runFailover(pool: Pool, crowd: Crowd, plan: FailoverPlan): Promise<void> {
  const stopEvery = (plan.kills + plan.stops) / plan.stops;
  let stopsDone = 0;
  for (let round = 1; round <= plan.kills + plan.stops; round++) {
    const isStop = Math.floor(round / stopEvery) > stopsDone;
    if (isStop) stopsDone++;
    await playRound(pool, crowd, { ...plan, round, isStop });
    if (round % roundsOfDocument !== 0) continue;
    await crowd.closeDocuments();
    await crowd.openDocuments();
  }
}

interface Round extends FailoverPlan {
  readonly round: number;
  readonly isStop: boolean;
}

async function playRound(pool: Pool, crowd: Crowd, plan: Round): Promise<void> {
  const { round, isStop, pen, random } = plan;
  const key = crowd.yKeys[Math.floor(random() * crowd.yKeys.length)]!;
  const document = `orphan-${round}`;
  const orphans = [
    await crowd.enterDocument({ key, document, name: `orphan-${round}-a`, release: '3' }),
    await crowd.enterDocument({ key, document, name: `orphan-${round}-b`, release: '2' }),
  ];
  for (const orphan of orphans) orphan.startWriting(orphanWriteEveryMs);
  await pass(200 + random() * 600);
  const owners = await waitUntilSpread(pool, crowd, key);
  const victim = owners.get(key)!;
  const held = [...owners].filter(([, { edge }]) => edge === victim.edge).map(([held]) => held);
  const pid = await pool.childPid(victim.edge);
  const faultAt = nowMs();
  process.kill(pid, isStop ? 'SIGSTOP' : 'SIGKILL');
  pen({ kind: 'fault', fault: isStop ? 'stop' : 'kill', round, edge: victim.edge, keys: held }, faultAt);
  for (const orphan of orphans) {
    pen({ kind: 'left', member: orphan.name, key });
    orphan.leave();
  }
  const relief = isStop ? relieve(pid, plan, victim.edge) : Promise.resolve();
  try {
    const placements = await Promise.all(
      held.map(async (key) => await probePlacement(pool.url, { key, old: owners.get(key)!, faultAt })),
    );
    for (const placement of placements) pen({ kind: 'placed', round, ...placement });
    await crowd.readAnew({ key, document, isWhole: false });
    await keepsLooking(
      () => crowd.withoutNews(held, faultAt).length === 0,
      'all are back',
      returnMaxMs,
    ).catch(ignore);
    const slowest = Math.round(Math.max(...placements.map(({ afterMs }) => afterMs)));
    const missing = crowd.withoutNews(held, faultAt);
    plan.onRound(
      `${isStop ? 'stop' : 'kill'} ${round} of ${victim.edge}: ${held.length} keys placed in ${slowest} ms, all back in ${Math.round(nowMs() - faultAt)} ms${missing.length > 0 ? `, MISSING ${missing.join(' ')}` : ''}`,
    );
  } finally {
    await relief;
  }
  pen({ kind: 'settled', round });
}

const orphanWriteEveryMs = 15;

/** Lets the stopped edge go on, in any case. */
async function relieve(pid: number, { random, round, pen }: Round, edge: string): Promise<void> {
  await pass(stopMinMs + random() * stopMoreMs);
  pen({ kind: 'relief', round, edge });
  process.kill(pid, 'SIGCONT');
}

/** The fault must hit an edge that is there, while another one could take over. */
async function waitUntilSpread(pool: Pool, crowd: Crowd, key: string): Promise<Map<string, OwnerView>> {
  let owners = new Map<string, OwnerView>();
  await keepsLooking(
    async () => {
      owners = await findOwners(pool.url, [...crowd.keys, key]);
      const ready = (await pool.edges()).filter(({ state }) => state === 'ready').map(({ id }) => id);
      return ready.length >= 2 && ready.includes(owners.get(key)?.edge ?? '');
    },
    'two edges are ready',
    readyMaxMs,
  );
  return owners;
}

function ignore(): void {
  // Who is not back is missing in the history, where it is judged.
}
