/** `mooring db check | migrate | export | import`: the stores themselves, without a pool that runs. */
import { existsSync } from 'node:fs';
import { checkStore } from '#shared/dump/check-store.ts';
import type { PortableStore } from '#shared/dump/portable-store.ts';
import { knownVersion, migrateStore, onServer, readStoreVersion } from '#shared/dump/store-place.ts';
import type { StorePlace } from '#shared/dump/store-place.ts';
import { exportStores, importStores } from '#shared/dump/transfer.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { checkServer, fact, fault } from '#shared/sql/check-server.ts';
import type { Finding } from '#shared/sql/check-server.ts';
import { explainConnectFault } from '#shared/sql/connect-fault.ts';
import { describeDatabase } from '#shared/sql/database-settings.ts';
import { readDatabaseSettings } from '#shared/sql/read-database.ts';

function tell(line: string): void {
  process.stderr.write(`mooring: ${line}\n`);
}

const nameWidth = 12;

/** Prints what it finds; false where something needs a person. */
export async function checkDatabase(settings: Settings): Promise<boolean> {
  const findings = await findAll(placeOf(settings));
  for (const { name, text, kind } of findings) {
    const mark = kind === 'fault' ? 'FAULT: ' : kind === 'note' ? 'note: ' : '';
    process.stdout.write(`${name.padEnd(nameWidth)} ${mark}${text}\n`);
  }
  return findings.every(({ kind }) => kind !== 'fault');
}

async function findAll(place: StorePlace): Promise<readonly Finding[]> {
  const { database } = place;
  const findings: Finding[] = [fact('store', describePlace(place))];
  try {
    if (database !== undefined) findings.push(...(await onServer(database, checkServer)));
    for (const store of await listStores()) findings.push(...(await checkStore(place, store)));
  } catch (error) {
    const text = database === undefined ? (error as Error).message : explainConnectFault(error, database);
    findings.push(fault('store', text));
  }
  return findings;
}

export async function migrateDatabase(settings: Settings): Promise<void> {
  const place = placeOf(settings);
  for (const store of await listStores()) {
    const before = await readStoreVersion(place, store);
    await migrateStore(place, store);
    const now = knownVersion(place, store);
    process.stdout.write(`${store.name}: ${whatWasDone(before, now)}\n`);
  }
}

function whatWasDone(before: number | undefined, now: number): string {
  if (before === undefined) return `made at version ${now}`;
  return before === now
    ? `is up to date, version ${now}`
    : `brought from version ${before} to version ${now}`;
}

export async function exportDatabase(path: string, settings: Settings): Promise<void> {
  await exportStores(placeOf(settings), await listStores(), { path, tell });
  process.stdout.write(`${path} holds everything of ${describePlace(placeOf(settings))}\n`);
}

export async function importDatabase(
  path: string,
  { settings, replaces }: { settings: Settings; replaces: boolean },
): Promise<void> {
  await importStores(placeOf(settings), await listStores(), { path, replaces, tell });
  process.stdout.write(`${describePlace(placeOf(settings))} has everything of ${path}\n`);
}

function placeOf(settings: Settings): StorePlace {
  return { dataDir: settings.CT_DATA_DIR, database: readDatabaseSettings(settings) };
}

function describePlace({ dataDir, database }: StorePlace): string {
  return database === undefined ? `the SQLite files in ${dataDir}` : describeDatabase(database);
}

/** Of the roles that this installation has: an image of one does not hold the other. */
async function listStores(): Promise<readonly PortableStore[]> {
  const stores: PortableStore[] = [];
  if (hasRole('proxy')) {
    stores.push((await import('../proxy/directory/portable-directory.ts')).portableDirectory);
    stores.push((await import('../proxy/journal/portable-journal.ts')).portableJournal);
  }
  if (hasRole('edge')) {
    stores.push((await import('../edge/store/portable-documents.ts')).portableDocuments);
    stores.push((await import('../edge/store/portable-rosters.ts')).portableRosters);
  }
  return stores;
}

function hasRole(name: 'proxy' | 'edge'): boolean {
  return existsSync(new URL(`../${name}/main.ts`, import.meta.url));
}
