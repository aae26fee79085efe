/**
 * Four front doors that place the same keys at once, while edges come, go and drain: no key may be answered by two edges, and
 * no pin be lost. What they were told is compared afterwards, key by key.
 */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { toAppError } from '#shared/errors.ts';
import { judge } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { Progress } from './progress.ts';
import { Random } from './random.ts';
import { openBenchStore, openPlace, storeNames } from './store/bench-stores.ts';
import type { StoreName } from './store/bench-stores.ts';
import { answerFields } from './store/race-order.ts';
import type { RaceEnd, RaceOrder, RaceReport } from './store/race-order.ts';
import { VirtualFleet } from './store/virtual-fleet.ts';
import { formatTable } from './table.ts';

const racers = 4;
const changes = 200;
const racerPath = fileURLToPath(new URL('./store/racer.ts', import.meta.url));

interface RaceRow {
  readonly store: StoreName;
  readonly keys: number;
  readonly seconds: number;
  /** Questions that the store was too busy to answer in time; they were put again. */
  readonly refused: number;
  readonly changes: number;
  readonly splits: number;
  readonly lostPins: number;
  /** Edges whose lease was not renewed in time. */
  readonly lapsed: number;
  /** Keys that had one owner after the other. */
  readonly moved: number;
}

export async function runRace({ isShort, folder }: RunOptions): Promise<Outcome> {
  const rows: RaceRow[] = [];
  for (const store of storeNames) {
    const keys = (store === 'sqlite' ? 1_000_000 : 100_000) / (isShort ? 20 : 1);
    console.log(`race: ${store}, ${keys} keys by ${racers} front doors`);
    rows.push(await race(store, keys, folder));
  }
  return {
    benchmark: 'race',
    text: formatRows(rows),
    figures: rows,
    verdicts: rows.flatMap(({ store, splits, lostPins }) => [
      judge('race', `${store}-splits`, splits, { atMost: 0 }),
      judge('race', `${store}-lost-pins`, lostPins, { atMost: 0 }),
    ]),
    failures: {},
  };
}

async function race(store: StoreName, keys: number, folder: string): Promise<RaceRow> {
  const bench = await openBenchStore(store, folder);
  const directory = await openPlace(bench.place);
  const fleet = await VirtualFleet.start(directory);
  const placed = Array.from({ length: racers }, () => 0);
  const progress = new Progress(`race: ${store}`, keys * racers);
  const onPlaced = (racer: number, count: number): void => {
    placed[racer] = count;
    progress.note(placed.reduce((sum, one) => sum + one));
  };
  try {
    const paths = Array.from({ length: racers }, (_, i) => join(folder, `answers-${store}-${i}`));
    const running = Promise.all(
      paths.map(async (answersPath, i) => {
        // Two start together, the other two half-way: some keys are new to all, others known to some.
        const from = Math.floor(i / 2) * Math.floor(keys / 2);
        const order = { place: bench.place, keys, from, answersPath };
        return await runRacer(order, (count) => onPlaced(i, count));
      }),
    );
    const made = await changeUntil(running, fleet);
    const ends = await running;
    const seconds = Math.max(...ends.map((end) => end.seconds));
    const refused = ends.reduce((sum, end) => sum + end.refused, 0);
    const pins = await directory.countPins();
    const found = compare(paths.map(readAnswers), keys, fleet.ended);
    const figures = { seconds, refused, changes: made, lapsed: fleet.lapsed };
    return { store, keys, ...figures, lostPins: keys - pins, ...found };
  } finally {
    fleet.stop();
    await directory.close();
    await bench.close();
  }
}

async function runRacer(order: RaceOrder, onPlaced: (count: number) => void): Promise<RaceEnd> {
  const child = fork(racerPath, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const { promise, resolve, reject } = Promise.withResolvers<RaceEnd>();
  child.on('message', (report: RaceReport) => {
    if (report.kind === 'placed') onPlaced(report.count);
    else resolve(report);
  });
  // After its last word it ends too, and nobody listens.
  child.once('exit', (code) => reject(new Error(`a front door of the race ended with ${String(code)}`)));
  child.send(order);
  return await promise;
}

/** As many changes as fit into the race, 200 at most, evenly. */
async function changeUntil(running: Promise<unknown>, fleet: VirtualFleet): Promise<number> {
  const random = new Random(1);
  const over = new AbortController();
  void running.finally(() => over.abort()).catch(() => undefined);
  let made = 0;
  while (!over.signal.aborted) {
    if (made < changes && (await hasChanged(fleet, random))) made++;
    await sleep(50);
  }
  return made;
}

/** False where the store was too busy; what was begun then goes on by itself. */
async function hasChanged(fleet: VirtualFleet, random: Random): Promise<boolean> {
  try {
    await fleet.change(random);
    return true;
  } catch (error) {
    if (toAppError(error).code !== 'directory-unavailable') throw error;
    return false;
  }
}

function readAnswers(path: string): Float64Array {
  const bytes = readFileSync(path);
  return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
}

/** One epoch has one owner, and of two epochs the lower one's owner had ended when the higher one was first told. */
function compare(
  answers: readonly Float64Array[],
  keys: number,
  ended: ReadonlyMap<string, number>,
): { splits: number; moved: number } {
  let splits = 0;
  let moved = 0;
  for (let key = 0; key < keys; key++) {
    const told = answers.map((of) => {
      const [edge, incarnation, epoch, atMs] = of.subarray(key * answerFields, (key + 1) * answerFields);
      return { owner: `edge-${edge}:${incarnation}`, epoch: epoch!, atMs: atMs! };
    });
    const newest = told.reduce((a, b) => (b.epoch > a.epoch ? b : a));
    const older = told.filter(({ epoch }) => epoch < newest.epoch);
    const newestAtMs = Math.min(
      ...told.filter(({ epoch }) => epoch === newest.epoch).map(({ atMs }) => atMs),
    );
    const isSplit =
      told.some(({ owner, epoch }) => epoch === newest.epoch && owner !== newest.owner) ||
      older.some(({ owner }) => (ended.get(owner) ?? Infinity) > newestAtMs);
    if (isSplit) splits++;
    else if (older.length > 0) moved++;
  }
  return { splits, moved };
}

function formatRows(rows: readonly RaceRow[]): string {
  const header = ['store', 'keys', 'seconds', 'refused', 'changes', 'lapsed', 'moved', 'splits', 'lost pins'];
  const cells = rows.map((row) => [
    row.store,
    String(row.keys),
    row.seconds.toFixed(1),
    String(row.refused),
    String(row.changes),
    String(row.lapsed),
    String(row.moved),
    String(row.splits),
    String(row.lostPins),
  ]);
  return `race: ${racers} front doors place the same keys at once\n${formatTable([header, ...cells])}`;
}
