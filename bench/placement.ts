/** How even the load stays, and what a change of membership moves: simulated, the same figures everywhere. */
import { chooseEdge } from '../proxy/core/choose-edge.ts';
import {
  createEdges,
  edgeCount,
  frontDoorCount,
  hashSimulatedKey,
  liveSessions,
  simulateFleet,
} from './fleet-simulation.ts';
import type { Balance } from './fleet-simulation.ts';
import { judge } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import type { Random } from './random.ts';
import { formatTable } from './table.ts';

interface BalanceRow extends Balance {
  readonly sessions: string;
  readonly policy: string;
}

interface Moves {
  /** Shares of all keys. */
  readonly movedOnAdd: number;
  /** Keys of edges that stay, moved because another one left. */
  readonly movedOnRemove: number;
}

const sessionKinds = [
  { name: 'uniform', drawMembers: (): number => 1, bar: { atMost: 1.06 } },
  {
    name: 'heavy-tailed',
    // Pareto with exponent 1, up to the members that a session may have by default: half of the sessions have
    // one member, one in a hundred has a hundred.
    drawMembers: (random: Random): number => Math.min(100, Math.floor(1 / (1 - random.next()))),
    bar: { atMost: 1.15 },
  },
];

export function runPlacement({ isShort }: RunOptions): Outcome {
  const placements = isShort ? 200_000 : 1_000_000;
  const rows: BalanceRow[] = [];
  for (const { name, drawMembers } of sessionKinds) {
    for (const policy of ['hash', 'mooring'] as const) {
      console.log(`placement: ${placements} keys, ${name} sessions, ${policy}`);
      rows.push({ sessions: name, policy, ...simulateFleet({ policy, drawMembers, placements }) });
    }
  }
  const moves = countMoves(placements / 10);
  return {
    benchmark: 'placement',
    text: `${formatBalance(placements, rows)}\n\n${formatMoves(moves)}`,
    figures: [...rows, moves],
    verdicts: sessionKinds.map(({ name, bar }) => {
      const ours = rows.find((row) => row.sessions === name && row.policy === 'mooring');
      return judge('placement', `${name}-max-to-mean`, ours?.maxToMean, bar);
    }),
    failures: {},
  };
}

/** By rank alone, which places keys while the directory is away; a stored pin never moves like this. */
function countMoves(keys: number): Moves {
  const more = createEdges(edgeCount + 1);
  const all = more.slice(0, edgeCount);
  const leaving = all[edgeCount / 2]!;
  const fewer = all.filter((edge) => edge !== leaving);
  let onAdd = 0;
  let onRemove = 0;
  for (let number = 0; number < keys; number++) {
    const key = hashSimulatedKey(number);
    const home = chooseEdge(key, all);
    if (chooseEdge(key, more)?.id !== home?.id) onAdd++;
    if (home !== leaving && chooseEdge(key, fewer) !== home) onRemove++;
  }
  return { movedOnAdd: onAdd / keys, movedOnRemove: onRemove / keys };
}

function formatBalance(placements: number, rows: readonly BalanceRow[]): string {
  const fleet = `${edgeCount} edges, ${frontDoorCount} front doors, ${liveSessions} live sessions`;
  const header = ['sessions, policy', 'max/mean', 'peak', 'disagree'];
  const cells = rows.map((row) => [
    `${row.sessions}, ${row.policy}`,
    row.maxToMean.toFixed(3),
    row.peakMaxToMean.toFixed(3),
    `${(row.disagreement * 100).toFixed(1)} %`,
  ]);
  return `placement: ${placements} keys, ${fleet}\n${formatTable([header, ...cells])}`;
}

function formatMoves({ movedOnAdd, movedOnRemove }: Moves): string {
  return formatTable([
    ['keys moved by rank alone', 'share'],
    [`an edge is added (ideal ${percent(1 / (edgeCount + 1))})`, percent(movedOnAdd)],
    ['an edge is removed, keys of the others', percent(movedOnRemove)],
  ]);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
