/** One store as it is in its place: is it there, of which version, how much is in it, and may we write to it. Changes nothing. */
import Database from 'better-sqlite3';
import { join } from 'node:path';
import { fact, fault, note } from '../sql/check-server.ts';
import type { Finding } from '../sql/check-server.ts';
import type { PortableStore, StoreConnection } from './portable-store.ts';
import { knownVersion, readStore, readStoreVersion, writeStore } from './store-place.ts';
import type { StorePlace } from './store-place.ts';
import { countRows, describeRows } from './transfer.ts';

export async function checkStore(place: StorePlace, store: PortableStore): Promise<readonly Finding[]> {
  const { name } = store;
  const known = knownVersion(place, store);
  const found = await readStoreVersion(place, store);
  if (found === undefined)
    return [note(name, 'is not there yet: mooring db migrate, or the first start, makes it')];
  if (found > known)
    return [fault(name, `has schema version ${found}, this program knows ${known}: use the newer program`)];
  if (found < known)
    return [
      note(
        name,
        `has schema version ${found} of ${known}: mooring db migrate, or the next start, brings it there`,
      ),
    ];
  const damage = place.database === undefined ? findDamage(join(place.dataDir, store.fileName)) : undefined;
  if (damage !== undefined) return [fault(name, damage)];
  const rows = await readStore(place, store, async (connection) => await countRows(connection, store));
  const findings = [fact(name, `schema version ${found}, rows: ${describeRows(rows)}`)];
  const refusal = await tryToWrite(place, store);
  if (refusal !== undefined) findings.push(fault(name, refusal));
  return findings;
}

/** Of badly damaged files the check itself fails. */
function checkPages(file: Database.Database): string {
  try {
    const [first] = file.pragma('quick_check(1)') as { quick_check: string }[];
    return first?.quick_check ?? 'no answer';
  } catch (error) {
    return (error as Error).message;
  }
}

function findDamage(path: string): string | undefined {
  const file = new Database(path, { readonly: true });
  try {
    const said = checkPages(file);
    if (said === 'ok') return undefined;
    return `${path} is damaged (${said}): stop the pool and put a copy back, or mooring db export what can be read`;
  } finally {
    file.close();
  }
}

class RolledBack extends Error {}

/** The rights are asked for by statements that write nothing, in a transaction that is taken back. */
async function tryToWrite(place: StorePlace, store: PortableStore): Promise<string | undefined> {
  try {
    await writeStore(place, store, async (connection) => {
      await touchTables(connection, store);
      throw new RolledBack();
    });
    return undefined;
  } catch (error) {
    if (error instanceof RolledBack) return undefined;
    const cure =
      place.database === undefined
        ? `give the user of the pool the right to write ${join(place.dataDir, store.fileName)} and its folder`
        : `give ${place.database.user} all rights on the database ${place.database.schema}`;
    return `cannot be written (${(error as Error).message}): ${cure}`;
  }
}

async function touchTables(connection: StoreConnection, store: PortableStore): Promise<void> {
  for (const name of store.tables.flatMap((table) => table.tables(connection.kind))) {
    await connection.run(`INSERT INTO ${name} SELECT * FROM ${name} WHERE 1 = 0`);
    await connection.run(`DELETE FROM ${name} WHERE 1 = 0`);
  }
}
