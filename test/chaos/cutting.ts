/**
 * The scenario `cut`: the network between a front door and an edge that runs sessions under traffic fails for six seconds,
 * swallowed or refused, either way or both. The edge must fence itself before its sessions go on elsewhere, and come back as
 * a new incarnation.
 */
import type { Crowd } from './crowd.ts';
import { nowMs } from './history.ts';
import type { Pen } from './history.ts';
import { cutDirections, cutManners } from './net-namespace.ts';
import type { Cut, NetNamespace } from './net-namespace.ts';
import { keepsLooking, pass } from './patience.ts';
import { findOwners, probePlacement } from './placement-probe.ts';
import type { SpreadPool } from './spread-pool.ts';

export interface CuttingPlan {
  readonly rounds: number;
  readonly far: string;
  readonly pen: Pen;
  readonly onRound: (text: string) => void;
}

const cutMs = 6_000;
const returnMaxMs = 30_000;
const rejoinMaxMs = 45_000;
const enterMaxMs = 30_000;

/** Every manner and direction, the most telling first: a firewall that answers for an edge which goes on serving. */
const cuts: readonly Cut[] = cutManners
  .flatMap((manner) => cutDirections.map((direction) => ({ manner, direction })))
  .toReversed();

export async function runCuts(
  pool: SpreadPool,
  space: NetNamespace,
  crowd: Crowd,
  plan: CuttingPlan,
): Promise<void> {
  for (let round = 1; round <= plan.rounds; round++) {
    const cut = cuts[(round - 1) % cuts.length]!;
    await playRound({ pool, space, crowd, plan }, round, cut);
  }
}

interface Ground {
  readonly pool: SpreadPool;
  readonly space: NetNamespace;
  readonly crowd: Crowd;
  readonly plan: CuttingPlan;
}

async function playRound({ pool, space, crowd, plan }: Ground, round: number, cut: Cut): Promise<void> {
  const { pen, far } = plan;
  await bringSessions(pool, crowd, far);
  const owners = await findOwners(pool.url, crowd.keys);
  const held = [...owners].filter(([, { edge }]) => edge === far).map(([key]) => key);
  const before = await findEdge(pool, far);
  const faultAt = nowMs();
  await space.cut(cut);
  pen({ kind: 'fault', fault: 'cut', round, edge: far, keys: held }, faultAt);
  const relief = pass(cutMs).then(async () => {
    pen({ kind: 'relief', round, edge: far });
    await space.heal();
  });
  try {
    const placements = await Promise.all(
      held.map(async (key) => await probePlacement(pool.url, { key, old: owners.get(key)!, faultAt })),
    );
    for (const placement of placements) pen({ kind: 'placed', round, ...placement });
    await keepsLooking(
      () => crowd.withoutNews(held, faultAt).length === 0,
      'all are back',
      returnMaxMs,
    ).catch(ignore);
    const slowest = Math.round(Math.max(...placements.map(({ afterMs }) => afterMs)));
    const missing = crowd.withoutNews(held, faultAt);
    const lost = missing.length > 0 ? `, MISSING ${missing.join(' ')}` : '';
    plan.onRound(
      `cut ${round}, ${cut.manner} ${cut.direction}: ${held.length} keys placed in ${slowest} ms, all back in ${Math.round(nowMs() - faultAt)} ms${lost}`,
    );
  } finally {
    await relief;
  }
  await keepsLooking(
    async () => {
      const now = await findEdge(pool, far);
      return now?.state === 'ready' && now.incarnation > before!.incarnation;
    },
    `${far} is back as a new incarnation after ${cut.manner} ${cut.direction}`,
    rejoinMaxMs,
  );
  pen({ kind: 'settled', round });
}

/** A session of each kind is to be at the edge that is cut off, and others elsewhere. */
async function bringSessions(pool: SpreadPool, crowd: Crowd, far: string): Promise<void> {
  const since = nowMs();
  const wanted = [crowd.octMembers[0]!.key, crowd.yKeys[0]!];
  const owners = await findOwners(pool.url, wanted);
  for (const key of wanted) {
    if (owners.get(key)?.edge === far) continue;
    const { status, answer } = await pool.act('/admin/move', { key, edge: far });
    if (status !== 200) throw new Error(`the move was refused: ${JSON.stringify(answer)}`);
  }
  await keepsLooking(() => crowd.withoutNews(wanted, since).length === 0, 'they work there', enterMaxMs);
}

async function findEdge(
  pool: SpreadPool,
  id: string,
): Promise<{ state: string; incarnation: number } | undefined> {
  return (await pool.edges()).find((edge) => edge.id === id);
}

function ignore(): void {
  // Who is not back is missing in the history, where it is judged.
}
