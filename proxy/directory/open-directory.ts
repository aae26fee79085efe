/** The directory where the settings say that it is: on a database server, or in the data folder. */
import { join } from 'node:path';
import type { Settings } from '#shared/settings/schema.ts';
import { readDatabaseSettings } from '#shared/sql/read-database.ts';
import type { Directory } from './directory.ts';
import { openSqlDirectory } from './sql-directory.ts';
import { openSqliteDirectory } from './sqlite-directory.ts';

/** `onMet` is told each time that a database server is met: first, and after a break. */
export async function openDirectory(settings: Settings, onMet: () => void): Promise<Directory> {
  const database = readDatabaseSettings(settings);
  return database === undefined
    ? await openSqliteDirectory(join(settings.CT_DATA_DIR, 'directory.sqlite'))
    : await openSqlDirectory(database, { connectionsMax: settings.CT_DB_CONNECTIONS_MAX, onMet });
}
