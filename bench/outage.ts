/**
 * A store that is away for a minute, in each manner in which one can be, before two front doors and three edges: what pinned
 * keys and their members notice, whether new keys have one edge on both front doors, and how soon all of them are stored.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FrontDoor } from '../test/support/front-door.ts';
import { openMember, startStoreFleet } from '../test/support/store-fleet.ts';
import type { StoreFleet } from '../test/support/store-fleet.ts';
import { judge } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { Progress } from './progress.ts';
import { outages } from './store/outages.ts';
import { formatTable } from './table.ts';

export const outageNames = Object.keys(outages);

const atOnce = 32;
/** A store that is slow, and not away, places each of them: as many as fit into the time are enough. */
const atOnceSlow = 500;
/** From the moment when it is back; few, so that they take little from what settles. */
const lateMs = 6_000;
const latePerSecond = 50;
const atOnceLate = 8;
const pinnedCount = 200;
/** Of them, with a WebSocket. */
const memberCount = 20;
/** Pairs of requests for pinned keys, one through each front door. */
const pinnedPerSecond = 100;
/** A client that is refused comes again, for as long as it would. */
const againMs = 1_000;
const patienceMs = 30_000;
/** Far beyond the bar; then something stays out for ever. */
const settledMaxMs = 60_000;
const settledLookMs = 200;

interface OutageRow {
  readonly store: string;
  readonly seconds: number;
  readonly newKeys: number;
  /** Through the two front doors to two edges, or not answered. */
  readonly unequal: number;
  /** Answers by which clients were told to come again. */
  readonly refused: number;
  readonly pinnedAsked: number;
  /** Answered by another edge or not at all, and members that were cut. */
  readonly pinnedErrors: number;
  readonly pinnedP99Ms: number;
  readonly settledSeconds: number;
  readonly splits: number;
}

export async function runOutage({ isShort, only }: RunOptions): Promise<Outcome> {
  const size = isShort ? { newKeys: 2_000, leastMs: 10_000 } : { newKeys: 100_000, leastMs: 60_000 };
  const rows: OutageRow[] = [];
  for (const name of outageNames.filter((name) => only.includes(name))) {
    console.log(`outage: ${name}, ${size.newKeys} new keys, ${size.leastMs / 1_000} s at least`);
    rows.push(await withCleanUp(async (t) => await measure(t, name, size)));
    console.log(formatRows(rows.slice(-1)));
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
    await endAll(ends);
  }
}

/** The last one first, and each whatever becomes of those before it. */
async function endAll(ends: (() => unknown)[]): Promise<void> {
  const end = ends.pop();
  if (end === undefined) return;
  try {
    await end();
  } finally {
    await endAll(ends);
  }
}

async function measure(
  t: Cleaner,
  name: string,
  size: { newKeys: number; leastMs: number },
): Promise<OutageRow> {
  const store = await outages[name]!(t);
  const { settings, dataDir } = store;
  const fleet = await startStoreFleet(t, { settings: [settings, settings], dataDir });
  const { doors } = fleet;
  const owners = new Map<string, string>();
  const pin = async (from: number, to: number): Promise<void> => {
    for (let i = from; i < to; i++) owners.set(`pinned-${i}`, await fleet.ask(doors[0], `pinned-${i}`));
  };
  await pin(0, pinnedCount / 2);
  await store.remember();
  await pin(pinnedCount / 2, pinnedCount);
  let cut = 0;
  for (const key of [...owners.keys()].slice(-memberCount)) {
    const member = await openMember(t, doors[0], key);
    member.on('close', () => cut++);
  }
  await store.begin();
  const beganAtMs = performance.now();
  const over = new AbortController();
  const pinned = askPinned(fleet, owners, over.signal);
  // Judged below; where the run fails before, its end is no news.
  pinned.catch(() => undefined);
  const isSlow = name.endsWith('-slow');
  const untilMs = isSlow ? beganAtMs + size.leastMs : Infinity;
  const pace = { atOnce: isSlow ? atOnceSlow : atOnce, perSecond: Infinity };
  const during = { name: 'new', keys: size.newKeys, untilMs, ...pace };
  const placed = await placeNew(fleet, during);
  await sleep(Math.max(0, beganAtMs + size.leastMs - performance.now()));
  const seconds = (performance.now() - beganAtMs) / 1_000;
  // One front door knows before the other that the store is back.
  const lateUntilMs = performance.now() + lateMs;
  const placingLate = placeNew(fleet, {
    name: 'late',
    keys: Infinity,
    untilMs: lateUntilMs,
    atOnce: atOnceLate,
    perSecond: latePerSecond,
  });
  placingLate.catch(() => undefined);
  await store.end();
  const endedAtMs = performance.now();
  await settled(doors, endedAtMs + settledMaxMs);
  const settledSeconds = (performance.now() - endedAtMs) / 1_000;
  const late = await placingLate;
  over.abort();
  const { asked, errors, p99Ms } = await pinned;
  const pinnedErrors = errors + cut;
  const splits = await sumOf(doors, 'ct_proxy_split_detected_total');
  const newKeys = placed.newKeys + late.newKeys;
  const unequal = placed.unequal + late.unequal;
  const refused = placed.refused + late.refused;
  const figures = { newKeys, unequal, refused, pinnedAsked: asked, pinnedErrors, pinnedP99Ms: p99Ms };
  return { store: name, seconds, ...figures, settledSeconds, splits };
}

interface NewKeys {
  /** Before the number of each. */
  readonly name: string;
  readonly keys: number;
  readonly untilMs: number;
  readonly atOnce: number;
  readonly perSecond: number;
}

/** Each key through both front doors at once; gives how many were answered by two edges, or not at all. */
async function placeNew(
  { doors, look }: StoreFleet,
  { name, keys, untilMs, atOnce, perSecond }: NewKeys,
): Promise<{ newKeys: number; unequal: number; refused: number }> {
  const startedAtMs = performance.now();
  const progress = Number.isFinite(keys) ? new Progress('outage: new keys', keys) : undefined;
  let next = 0;
  let unequal = 0;
  let refused = 0;
  const ask = async (door: FrontDoor, key: string): ReturnType<StoreFleet['look']> => {
    const askedAtMs = performance.now();
    for (;;) {
      const answer = await look(door, key);
      if (answer.status !== 503 || performance.now() - askedAtMs > patienceMs) return answer;
      refused++;
      await sleep(againMs);
    }
  };
  const work = async (): Promise<void> => {
    while (next < keys && performance.now() < untilMs) {
      const key = next++;
      const earlyMs = startedAtMs + (key * 1_000) / perSecond - performance.now();
      if (earlyMs > 0) await sleep(earlyMs);
      const [one, other] = await Promise.all(doors.map(async (door) => await ask(door, `${name}-${key}`)));
      progress?.note(key + 1);
      if (one?.status !== 200 || other?.status !== 200 || one.owner !== other.owner) unequal++;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { newKeys: next, unequal, refused };
}

/** At a pace, and not as fast as can be: that would take the processors from what is measured. */
async function askPinned(
  { doors, lookAside }: StoreFleet,
  owners: ReadonlyMap<string, string>,
  over: AbortSignal,
): Promise<{ asked: number; errors: number; p99Ms: number }> {
  const times: number[] = [];
  let errors = 0;
  const askOne = async (door: FrontDoor, key: string, owner: string): Promise<void> => {
    const askedAtMs = performance.now();
    const answer = await lookAside(door, key);
    times.push(performance.now() - askedAtMs);
    if (answer.status !== 200 || answer.owner !== owner) errors++;
  };
  const startedAtMs = performance.now();
  for (let round = 0; !over.aborted; round++) {
    for (const [i, [key, owner]] of [...owners].entries()) {
      const dueAtMs = startedAtMs + ((round * owners.size + i) * 1_000) / pinnedPerSecond;
      await sleep(Math.max(0, dueAtMs - performance.now()));
      if (over.aborted) break;
      await Promise.all(doors.map(async (door) => await askOne(door, key, owner)));
    }
  }
  const sorted = times.toSorted((a, b) => a - b);
  return { asked: times.length, errors, p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0 };
}

/** Looks now and then: each look has every metric of a front door written down, which takes time from what is measured. */
async function settled(doors: readonly FrontDoor[], untilMs: number): Promise<void> {
  while ((await sumOf(doors, 'ct_proxy_provisional_pins')) > 0) {
    if (performance.now() > untilMs) throw new Error('new keys are not in the store');
    await sleep(settledLookMs);
  }
}

async function sumOf(doors: readonly FrontDoor[], metric: string): Promise<number> {
  const figures = await Promise.all(doors.map(async (door) => await door.metric(metric)));
  return figures.reduce((sum, figure) => sum + figure, 0);
}

function formatRows(rows: readonly OutageRow[]): string {
  const header = [
    'store',
    'away s',
    'new keys',
    'unequal',
    'refused',
    'pinned asked',
    'errors',
    'p99 ms',
    'settled s',
    'splits',
  ];
  const cells = rows.map((row) => [
    row.store,
    row.seconds.toFixed(0),
    String(row.newKeys),
    String(row.unequal),
    String(row.refused),
    String(row.pinnedAsked),
    String(row.pinnedErrors),
    row.pinnedP99Ms.toFixed(1),
    row.settledSeconds.toFixed(2),
    String(row.splits),
  ]);
  return `outage: a store that is away, before two front doors and three edges\n${formatTable([header, ...cells])}`;
}
