/** Directories to measure: a SQLite file, and real database servers of this run whose commits wait for the disk. */
import { join } from 'node:path';
import type { DatabaseSettings } from '#shared/sql/database-settings.ts';
import type { Directory } from '../../proxy/directory/directory.ts';
import { openSqlDirectory } from '../../proxy/directory/sql-directory.ts';
import { openSqliteDirectory } from '../../proxy/directory/sqlite-directory.ts';
import { databaseSettingsOf } from '../../test/support/sql/database-settings.ts';
import { startSqlServer } from '../../test/support/sql/sql-server.ts';

export const storeNames = ['sqlite', 'postgresql', 'mariadb'] as const;
export type StoreName = (typeof storeNames)[number];

/** How another process reaches the store. */
export type StorePlace = { readonly path: string } | { readonly database: DatabaseSettings };

export interface BenchStore {
  readonly place: StorePlace;
  readonly close: () => Promise<void>;
}

/** An empty store of its own. */
export async function openBenchStore(name: StoreName, folder: string): Promise<BenchStore> {
  if (name === 'sqlite') {
    const path = join(folder, `directory-${performance.now()}.sqlite`);
    return { place: { path }, close: async () => await Promise.resolve() };
  }
  const ends: (() => Promise<void>)[] = [];
  const after = (end: unknown): void => void ends.push(end as () => Promise<void>);
  const server = await startSqlServer({ after }, name, { isDurable: true });
  return {
    place: { database: databaseSettingsOf(await server.createDatabase()) },
    close: async () => {
      for (const end of ends.toReversed()) await end();
    },
  };
}

export async function openPlace(place: StorePlace): Promise<Directory> {
  return 'path' in place ? await openSqliteDirectory(place.path) : await openSqlDirectory(place.database);
}
