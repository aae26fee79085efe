/** A store's content carried from SQLite to MariaDB, from there to PostgreSQL and back into a file, by dumps. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { readDump } from '#shared/dump/dump-file.ts';
import type { DumpRow } from '#shared/dump/dump-line.ts';
import type { PortableStore } from '#shared/dump/portable-store.ts';
import { migrateStore, writeStore } from '#shared/dump/store-place.ts';
import type { StorePlace } from '#shared/dump/store-place.ts';
import { exportStores, importStores } from '#shared/dump/transfer.ts';
import { databaseSettingsOf } from './sql/database-settings.ts';
import { sharedSqlServer } from './sql/sql-server.ts';
import type { SqlProductName } from './sql/sql-product.ts';

/** Rows by table, in the words of the dump. */
export type StoreContent = Readonly<Record<string, readonly DumpRow[]>>;

const tripsPerTest = 2;
const tell = (): void => undefined;

/** A place of the test's own. */
export function filePlace(t: TestContext): StorePlace {
  const dataDir = mkdtempSync(join(tmpdir(), 'mooring-dump-'));
  t.after(() => rmSync(dataDir, { recursive: true }));
  return { dataDir, database: undefined };
}

export async function serverPlace(t: TestContext, product: SqlProductName): Promise<StorePlace> {
  const server = await sharedSqlServer(product);
  return { ...filePlace(t), database: databaseSettingsOf(await server.createDatabase()) };
}

export async function fill(place: StorePlace, store: PortableStore, content: StoreContent): Promise<void> {
  await migrateStore(place, store);
  await writeStore(place, store, async (connection) => {
    for (const table of store.tables) {
      const writer = table.openWriter(connection);
      for (const row of content[table.name] ?? []) await writer.add(row);
      await writer.flush();
    }
  });
}

export interface DumpContent {
  readonly rows: StoreContent;
  readonly marks: Readonly<Record<string, number>>;
}

/** Exports the store and reads the file; each table in the order of its rows' text. */
export async function dumpOf(place: StorePlace, store: PortableStore, path: string): Promise<DumpContent> {
  await exportStores(place, [store], { path, tell });
  const rows: Record<string, DumpRow[]> = {};
  let marks = {};
  for await (const line of readDump(path)) {
    if (line.kind === 'store') marks = line.marks;
    if (line.kind === 'row') (rows[line.table] ??= []).push(line.row);
  }
  return { rows: inOrder(rows), marks };
}

function inOrder(rows: StoreContent): StoreContent {
  const sorted = Object.entries(rows)
    .filter(([, list]) => list.length > 0)
    .map(([name, list]): [string, DumpRow[]] => [name, byText(list.map(plain))]);
  return Object.fromEntries(sorted);
}

function plain(row: DumpRow): DumpRow {
  const entries = Object.entries(row).map(([name, value]): [string, DumpRow[string]] => [
    name,
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  ]);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The text of each is made once: some are of megabytes. */
function byText(rows: readonly DumpRow[]): DumpRow[] {
  const texts = new Map(rows.map((row) => [row, JSON.stringify(row)]));
  return rows.toSorted((a, b) => (texts.get(a)! < texts.get(b)! ? -1 : 1));
}

/** Fails where anything is other than it was, or a mark is lower. */
export async function carryAround(
  t: TestContext,
  store: PortableStore,
  arbitrary: fc.Arbitrary<StoreContent>,
): Promise<void> {
  const seed = Math.floor(Math.random() * 2 ** 31);
  t.diagnostic(`seed ${seed}`);
  for (const content of fc.sample(arbitrary, { seed, numRuns: tripsPerTest })) {
    let place = filePlace(t);
    const folder = place.dataDir;
    await fill(place, store, content);
    let before = await dumpOf(place, store, join(folder, '0.dump'));
    assert.deepEqual(before.rows, inOrder(content));
    const stops = [await serverPlace(t, 'mariadb'), await serverPlace(t, 'postgresql'), filePlace(t)];
    for (const [at, next] of stops.entries()) {
      await importStores(next, [store], { path: join(folder, `${at}.dump`), replaces: false, tell });
      place = next;
      const after = await dumpOf(place, store, join(folder, `${at + 1}.dump`));
      assert.deepEqual(after.rows, before.rows, `stop ${at + 1}`);
      for (const [name, mark] of Object.entries(before.marks))
        assert.ok(after.marks[name]! >= mark, `${name} of stop ${at + 1} is lower`);
      before = after;
    }
  }
}
