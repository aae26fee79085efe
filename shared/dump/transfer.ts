/**
 * Carries stores into a dump and out of it. A store is read at one moment, while its pool may go on, and written in one
 * transaction. What is refused is refused before the first row is written anywhere.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { version } from '../version.ts';
import { checkDump, readDump, writeDump } from './dump-file.ts';
import { dumpFormat } from './dump-line.ts';
import type { DumpLine } from './dump-line.ts';
import type { PortableStore, StoreConnection, TableWriter } from './portable-store.ts';
import {
  knownVersion,
  migrateStore,
  openReading,
  readStore,
  readStoreVersion,
  writeStore,
} from './store-place.ts';
import type { StorePlace } from './store-place.ts';

/** For people, while it runs. */
export type Tell = (line: string) => void;
export type RowCounts = Readonly<Record<string, number>>;

/** Rows between two lines of progress. */
const tellEveryRows = 50_000;
/** Longer than a process that serves is silent. */
const pulseWaitMs = 2_000;

export async function exportStores(
  place: StorePlace,
  stores: readonly PortableStore[],
  { path, tell }: { path: string; tell: Tell },
): Promise<void> {
  const present: PortableStore[] = [];
  for (const store of stores) {
    const found = await readStoreVersion(place, store);
    const known = knownVersion(place, store);
    if (found === undefined) tell(`${store.name}: there is none`);
    else if (found === known) present.push(store);
    else
      throw new Error(
        `${store.name} has schema version ${found}, this program knows ${known}: ${cure(found, known)}`,
      );
  }
  if (present.length === 0)
    throw new Error('there is no store to export: is this the data folder, or the database?');
  await writeDump(path, dumpLines(place, present, tell));
}

function cure(found: number, known: number): string {
  return found > known ? 'use the newer program' : 'run mooring db migrate first';
}

async function* dumpLines(
  place: StorePlace,
  stores: readonly PortableStore[],
  tell: Tell,
): AsyncGenerator<DumpLine> {
  yield { kind: 'first', format: dumpFormat, program: version, from: place.database?.dialect ?? 'sqlite' };
  for (const store of stores) yield* storeLines(place, store, tell);
}

async function* storeLines(place: StorePlace, store: PortableStore, tell: Tell): AsyncGenerator<DumpLine> {
  const { connection, close } = await openReading(place, store);
  try {
    yield { kind: 'store', store: store.name, marks: await store.readMarks(connection) };
    const rows: Record<string, number> = {};
    for (const table of store.tables) {
      let count = 0;
      for await (const row of table.read(connection)) {
        yield { kind: 'row', table: table.name, row };
        if (++count % tellEveryRows === 0) tell(`${store.name}: ${count} rows of ${table.name}`);
      }
      rows[table.name] = count;
    }
    yield { kind: 'end', store: store.name, rows };
    tell(`${store.name}: ${describeRows(rows)}`);
  } finally {
    await close();
  }
}

export interface ImportOptions {
  readonly path: string;
  /** What the stores have is removed first, in the same transaction. */
  readonly replaces: boolean;
  readonly tell: Tell;
}

export async function importStores(
  place: StorePlace,
  stores: readonly PortableStore[],
  { path, replaces, tell }: ImportOptions,
): Promise<void> {
  tell(`checking ${path}`);
  await checkDump(path);
  const wanted = await listStores(path, stores);
  for (const store of wanted) {
    await migrateStore(place, store);
    await refuseUnless(place, store, replaces);
  }
  const lines = readDump(path);
  for await (const line of lines) {
    if (line.kind !== 'store') continue;
    const store = wanted.find(({ name }) => name === line.store)!;
    const rows = await writeStore(place, store, async (connection) => {
      if (replaces) await clear(connection, store);
      const written = await writeRows(connection, store, lines);
      await store.raiseMarks(connection, line.marks);
      return written;
    });
    tell(`${store.name}: ${describeRows(rows)}`);
  }
}

/** Throws where the dump has a store that is not known here. */
async function listStores(path: string, stores: readonly PortableStore[]): Promise<PortableStore[]> {
  const wanted: PortableStore[] = [];
  for await (const line of readDump(path)) {
    if (line.kind !== 'store') continue;
    const store = stores.find(({ name }) => name === line.store);
    if (store === undefined) {
      throw new Error(
        `${path} has ${line.store}, which this program does not have: it is of one role, or older`,
      );
    }
    wanted.push(store);
  }
  return wanted;
}

async function refuseUnless(place: StorePlace, store: PortableStore, replaces: boolean): Promise<void> {
  const { pulse } = store;
  if (pulse !== undefined) {
    const before = await readStore(place, store, pulse);
    await sleep(pulseWaitMs);
    if ((await readStore(place, store, pulse)) !== before)
      throw new Error(`a front door serves from this ${store.name}: stop the pool, then import`);
  }
  if (replaces) return;
  const rows = await readStore(place, store, async (connection) => await countRows(connection, store));
  if (Object.values(rows).every((count) => count === 0)) return;
  throw new Error(
    `${store.name} is not empty (${describeRows(rows)}): import into an empty one, or with --replace, which removes what it has`,
  );
}

export async function countRows(connection: StoreConnection, store: PortableStore): Promise<RowCounts> {
  const counts: Record<string, number> = {};
  for (const table of store.tables) {
    counts[table.name] = 0;
    for (const name of table.tables(connection.kind)) {
      const { rows } = await connection.run(`SELECT count(*) AS count FROM ${name}`);
      counts[table.name]! += rows[0]!['count'] as number;
    }
  }
  return counts;
}

export function describeRows(rows: RowCounts): string {
  const parts = Object.entries(rows).map(([table, count]) => `${table} ${count}`);
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

async function clear(connection: StoreConnection, store: PortableStore): Promise<void> {
  for (const table of store.tables.toReversed()) {
    for (const name of table.tables(connection.kind)) await connection.run(`DELETE FROM ${name}`);
  }
}

/** Takes lines until the store's end. */
async function writeRows(
  connection: StoreConnection,
  store: PortableStore,
  lines: AsyncGenerator<DumpLine>,
): Promise<RowCounts> {
  const writers = new Map<string, TableWriter>();
  const rows: Record<string, number> = {};
  for (;;) {
    const { value: line, done } = await lines.next();
    if (done === true) throw new Error(`the dump ends within ${store.name}`);
    if (line.kind === 'end') break;
    if (line.kind !== 'row') throw new Error(`the dump mixes ${store.name} with another store`);
    const table = store.tables.find(({ name }) => name === line.table);
    if (table === undefined)
      throw new Error(`the dump has ${line.table} in ${store.name}: use the newer program`);
    const writer = writers.get(table.name) ?? table.openWriter(connection);
    writers.set(table.name, writer);
    await writer.add(line.row);
    rows[table.name] = (rows[table.name] ?? 0) + 1;
  }
  for (const writer of writers.values()) await writer.flush();
  return rows;
}
