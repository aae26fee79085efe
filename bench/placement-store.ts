/** How fast a front door places new keys on each store, and finds those that it knows. */
import { judge } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { openBenchStore, openPlace, storeNames } from './store/bench-stores.ts';
import type { StoreName } from './store/bench-stores.ts';
import { KeyPlacer } from './store/key-placer.ts';
import type { Placed } from './store/key-placer.ts';
import { VirtualFleet, virtualEdgeCount } from './store/virtual-fleet.ts';
import { formatTable } from './table.ts';

interface StoreRow {
  readonly store: StoreName;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cachedPerSecond: number;
}

const bars: Readonly<Record<StoreName, { readonly atLeast: number }>> = {
  sqlite: { atLeast: 10_000 },
  postgresql: { atLeast: 2_000 },
  mariadb: { atLeast: 2_000 },
};
const cachedBar = { atLeast: 1_000_000 };
/** Of the look-ups: the compiler has to see them often, and they take a second. */
const warmupPasses = 4;
const passes = 20;

export async function runPlacementStore({ isShort, rounds, folder }: RunOptions): Promise<Outcome> {
  const keys = isShort ? 10_000 : 50_000;
  const samples: StoreRow[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const store of round % 2 === 0 ? storeNames.toReversed() : storeNames) {
      console.log(`placement-store: round ${round} of ${rounds}, ${store}, ${keys} keys`);
      samples.push(await measure(store, keys, folder));
    }
  }
  const rows = storeNames.map((store) => medianRow(samples.filter((sample) => sample.store === store)));
  return {
    benchmark: 'placement-store',
    text: formatRows(keys, rows),
    figures: rows,
    verdicts: rows.flatMap((row) => [
      judge('placement-store', `${row.store}-placements-per-second`, row.perSecond, bars[row.store]),
      ...(row.store === 'sqlite'
        ? [judge('placement-store', 'cached-per-second', row.cachedPerSecond, cachedBar)]
        : []),
    ]),
    failures: {},
  };
}

async function measure(store: StoreName, keys: number, folder: string): Promise<StoreRow> {
  const bench = await openBenchStore(store, folder);
  const [keeping, placing] = [await openPlace(bench.place), await openPlace(bench.place)];
  const fleet = await VirtualFleet.start(keeping);
  const placer = new KeyPlacer(placing);
  try {
    await placer.open();
    const owners = new Map<number, string>();
    const epochs = new Float64Array(keys);
    const cold = await placer.place(keys, 0, ({ key, owner, epoch }) => {
      owners.set(key, owner);
      epochs[key] = epoch;
    });
    await placer.place(keys, 0, ({ key, owner }) => {
      if (owners.get(key) !== owner)
        throw new Error(`key ${key} was placed on ${owners.get(key)} and is on ${owner}`);
    });
    placer.lookUp(epochs, warmupPasses);
    const cachedPerSecond = placer.lookUp(epochs, passes);
    if ((await keeping.countPins()) !== keys)
      throw new Error('the store has not as many pins as were placed');
    return rowOf(store, cold, cachedPerSecond);
  } finally {
    placer.close();
    fleet.stop();
    await placing.close();
    await keeping.close();
    await bench.close();
  }
}

function rowOf(store: StoreName, cold: Placed, cachedPerSecond: number): StoreRow {
  return {
    store,
    perSecond: cold.placements / cold.seconds,
    p50Ms: quantile(cold, 0.5),
    p99Ms: quantile(cold, 0.99),
    cachedPerSecond,
  };
}

function quantile({ latencies }: Placed, q: number): number {
  return latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))]!;
}

function medianRow(samples: readonly StoreRow[]): StoreRow {
  const sorted = samples.toSorted((a, b) => a.perSecond - b.perSecond);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function formatRows(keys: number, rows: readonly StoreRow[]): string {
  const header = ['store', 'placements/s', 'p50 ms', 'p99 ms', 'cached/s'];
  const cells = rows.map(({ store, perSecond, p50Ms, p99Ms, cachedPerSecond }) => [
    store,
    perSecond.toFixed(0),
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    cachedPerSecond.toFixed(0),
  ]);
  return `placement-store: ${keys} new keys, ${virtualEdgeCount} edges, 64 at a time, commits on the disk\n${formatTable([header, ...cells])}`;
}
