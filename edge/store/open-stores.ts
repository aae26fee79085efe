/** Documents and rosters where the settings say that they are: on a database server, or in the data folder. */
import { join } from 'node:path';
import type { Settings } from '#shared/settings/schema.ts';
import { readDatabaseSettings } from '#shared/sql/read-database.ts';
import type { DocumentStore } from './document-store.ts';
import type { RosterStore } from './roster-store.ts';
import { openSqlDocuments } from './sql-documents.ts';
import { openSqlRosters } from './sql-rosters.ts';
import { openSqliteDocuments } from './sqlite-documents.ts';
import { openSqliteRosters } from './sqlite-rosters.ts';

export interface Stores {
  readonly documents: DocumentStore;
  readonly rosters: RosterStore;
}

/** Rejects with the reason where either cannot be opened. */
export async function openStores(settings: Settings): Promise<Stores> {
  const database = readDatabaseSettings(settings);
  if (database === undefined) {
    const folder = settings.CT_DATA_DIR;
    return {
      documents: await openSqliteDocuments(join(folder, 'documents.sqlite')),
      rosters: await openSqliteRosters(join(folder, 'rosters.sqlite')),
    };
  }
  const connectionsMax = settings.CT_DB_CONNECTIONS_MAX;
  return {
    documents: await openSqlDocuments(database, connectionsMax),
    rosters: await openSqlRosters(database, connectionsMax),
  };
}
