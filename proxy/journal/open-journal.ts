/** The journal where the settings say that it is: on a database server, or in the data folder. */
import { join } from 'node:path';
import type { Settings } from '#shared/settings/schema.ts';
import { readDatabaseSettings } from '#shared/sql/read-database.ts';
import type { JournalStore } from './journal-store.ts';
import { openSqlJournal } from './sql-journal.ts';
import { openSqliteJournal } from './sqlite-journal.ts';

export async function openJournalStore(settings: Settings): Promise<JournalStore> {
  const database = readDatabaseSettings(settings);
  return database === undefined
    ? await openSqliteJournal(join(settings.CT_DATA_DIR, 'journal.sqlite'), settings.CT_TIME_ZONE)
    : await openSqlJournal(database, settings.CT_TIME_ZONE);
}
