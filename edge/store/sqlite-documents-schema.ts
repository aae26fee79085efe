/** Tables of the SQLite document store. Forward only: a file that a newer program wrote is refused. */
import type Database from 'better-sqlite3';
import { migrate } from '#shared/sqlite/migrate.ts';

const migrations = [
  `CREATE TABLE document_session (key TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE document_update (
     key TEXT NOT NULL,
     document TEXT NOT NULL,
     seq INTEGER NOT NULL,
     bytes BLOB NOT NULL,
     UNIQUE (key, document, seq)
   ) STRICT;
   CREATE TABLE document_snapshot (
     key TEXT NOT NULL,
     document TEXT NOT NULL,
     seq INTEGER NOT NULL,
     bytes BLOB NOT NULL,
     UNIQUE (key, document)
   ) STRICT;`,
  // Sessions from before count as used when the file is brought up to date.
  `ALTER TABLE document_session ADD COLUMN used_ms INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE document_session ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX document_session_unused ON document_session (removed, used_ms);
   CREATE TABLE document_clock (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     running_ms INTEGER NOT NULL,
     wall_ms INTEGER NOT NULL
   ) STRICT;
   INSERT INTO document_clock (id, running_ms, wall_ms) VALUES (1, 0, 0);`,
];

/** Of the file, as this program knows it. */
export const documentsFileVersion = migrations.length;

/** Brings the file to the newest version; safe when several processes start at once. */
export function migrateDocuments(database: Database.Database): void {
  migrate(database, 'document store', migrations);
}
