/** The directory where the settings say that it is: on a database server, or in the data folder. */
import { join } from 'node:path';
import type { Settings } from '#shared/settings/schema.ts';
import { readDatabaseSettings } from '#shared/sql/read-database.ts';
import type { Directory } from './directory.ts';
import { openSqlDirectory } from './sql-directory.ts';
import { openSqliteDirectory } from './sqlite-directory.ts';

export async function openDirectory(settings: Settings): Promise<Directory> {
  const database = readDatabaseSettings(settings);
  return database === undefined
    ? await openSqliteDirectory(join(settings.CT_DATA_DIR, 'directory.sqlite'))
    : await openSqlDirectory(database, settings.CT_DB_CONNECTIONS_MAX);
}
