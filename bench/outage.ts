/**
 * A database server that answers nothing for a minute, before two front doors and three edges: what pinned keys notice,
 * whether new keys have one edge on both front doors, and how soon all of them are in the store.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FrontDoor } from '../test/support/front-door.ts';
import { eventually } from '../test/support/oct-inbox.ts';
import { startSqlServer } from '../test/support/sql/sql-server.ts';
import { databaseSetting, startStoreFleet } from '../test/support/store-fleet.ts';
import type { StoreFleet } from '../test/support/store-fleet.ts';
import { judge } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { Progress } from './progress.ts';
import { formatTable } from './table.ts';

const products = ['postgresql', 'mariadb'] as const;
const atOnce = 32;
const pinnedCount = 200;
/** Far beyond the bar; then something stays out for ever. */
const settledMaxMs = 60_000;

interface OutageRow {
  readonly store: string;
  readonly seconds: number;
  readonly newKeys: number;
  /** Through the two front doors to two edges. */
  readonly unequal: number;
  readonly pinnedAsked: number;
  readonly pinnedErrors: number;
  readonly settledSeconds: number;
  readonly splits: number;
}

export async function runOutage({ isShort }: RunOptions): Promise<Outcome> {
  const size = isShort ? { newKeys: 2_000, leastMs: 10_000 } : { newKeys: 100_000, leastMs: 60_000 };
  const rows: OutageRow[] = [];
  for (const product of products) {
    console.log(`outage: ${product}, ${size.newKeys} new keys, ${size.leastMs / 1_000} s at least`);
    rows.push(await withCleanUp(async (t) => await measure(t, product, size)));
  }
  return {
    benchmark: 'outage',
    text: formatRows(rows),
    figures: rows,
    verdicts: rows.flatMap((row) => [
      judge('outage', `${row.store}-pinned-errors`, row.pinnedErrors, { atMost: 0 }),
      judge('outage', `${row.store}-unequal`, row.unequal, { atMost: 0 }),
      judge('outage', `${row.store}-settled-seconds`, row.settledSeconds, { atMost: 5 }),
      judge('outage', `${row.store}-splits`, row.splits, { atMost: 0 }),
    ]),
    failures: {},
  };
}

type Cleaner = Parameters<typeof startStoreFleet>[0];

/** The tests' servers and pools end with what a test context would end. */
async function withCleanUp<T>(work: (t: Cleaner) => Promise<T>): Promise<T> {
  const ends: (() => unknown)[] = [];
  const t = { after: (end: () => unknown) => void ends.push(end) } as unknown as Cleaner;
  try {
    return await work(t);
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

async function measure(
  t: Cleaner,
  product: (typeof products)[number],
  size: { newKeys: number; leastMs: number },
): Promise<OutageRow> {
  const server = await startSqlServer(t, product, { isDurable: true });
  const setting = databaseSetting(await server.createDatabase());
  const fleet = await startStoreFleet(t, { settings: [setting, setting] });
  const { doors, ask } = fleet;
  const owners = new Map<string, string>();
  for (let i = 0; i < pinnedCount; i++) owners.set(`pinned-${i}`, await ask(doors[0], `pinned-${i}`));
  server.freeze();
  const frozenAtMs = performance.now();
  const over = new AbortController();
  const pinned = askPinned(fleet, owners, over.signal);
  // Judged below; where the run fails before, its end is no news.
  pinned.catch(() => undefined);
  const unequal = await placeNew(fleet, size.newKeys);
  await sleep(Math.max(0, frozenAtMs + size.leastMs - performance.now()));
  const seconds = (performance.now() - frozenAtMs) / 1_000;
  server.thaw();
  const thawedAtMs = performance.now();
  const isSettled = async (): Promise<boolean> => (await sumOf(doors, 'ct_proxy_provisional_pins')) === 0;
  await eventually(isSettled, 'all new keys are in the store', settledMaxMs);
  const settledSeconds = (performance.now() - thawedAtMs) / 1_000;
  over.abort();
  const { asked, errors } = await pinned;
  const splits = await sumOf(doors, 'ct_proxy_split_detected_total');
  const figures = { newKeys: size.newKeys, unequal, pinnedAsked: asked, pinnedErrors: errors };
  return { store: product, seconds, ...figures, settledSeconds, splits };
}

/** Each key through both front doors at once; gives how many were answered by two edges, or not at all. */
async function placeNew({ doors, look }: StoreFleet, keys: number): Promise<number> {
  const progress = new Progress('outage: new keys', keys);
  let next = 0;
  let unequal = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      const key = next++;
      if (key >= keys) return;
      const [one, other] = await Promise.all(doors.map(async (door) => await look(door, `new-${key}`)));
      progress.note(key + 1);
      if (one?.status !== 200 || other?.status !== 200 || one.owner !== other.owner) unequal++;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return unequal;
}

async function askPinned(
  { doors, look }: StoreFleet,
  owners: ReadonlyMap<string, string>,
  over: AbortSignal,
): Promise<{ asked: number; errors: number }> {
  let asked = 0;
  let errors = 0;
  while (!over.aborted) {
    for (const [key, owner] of owners) {
      const answers = await Promise.all(doors.map(async (door) => await look(door, key)));
      asked += answers.length;
      errors += answers.filter((answer) => answer.status !== 200 || answer.owner !== owner).length;
    }
  }
  return { asked, errors };
}

async function sumOf(doors: readonly FrontDoor[], metric: string): Promise<number> {
  const figures = await Promise.all(doors.map(async (door) => await door.metric(metric)));
  return figures.reduce((sum, figure) => sum + figure, 0);
}

function formatRows(rows: readonly OutageRow[]): string {
  const header = ['store', 'away s', 'new keys', 'unequal', 'pinned asked', 'errors', 'settled s', 'splits'];
  const cells = rows.map((row) => [
    row.store,
    row.seconds.toFixed(0),
    String(row.newKeys),
    String(row.unequal),
    String(row.pinnedAsked),
    String(row.pinnedErrors),
    row.settledSeconds.toFixed(2),
    String(row.splits),
  ]);
  return `outage: a frozen database server before two front doors and three edges\n${formatTable([header, ...cells])}`;
}
