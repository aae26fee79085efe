/** Tables of the SQLite roster store. Forward only: a file that a newer program wrote is refused. */
import type Database from 'better-sqlite3';
import { migrate } from '#shared/sqlite/migrate.ts';

const migrations = [
  `CREATE TABLE roster (
     key TEXT PRIMARY KEY,
     epoch INTEGER NOT NULL,
     birth INTEGER,
     bytes BLOB,
     used_ms INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX roster_unused ON roster (used_ms);
   CREATE TABLE roster_requests (key TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE roster_end (
     key TEXT NOT NULL,
     birth INTEGER NOT NULL,
     ended_ms INTEGER NOT NULL,
     PRIMARY KEY (key, birth)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX roster_end_age ON roster_end (ended_ms);
   CREATE TABLE roster_clock (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     running_ms INTEGER NOT NULL,
     wall_ms INTEGER NOT NULL
   ) STRICT;
   INSERT INTO roster_clock (id, running_ms, wall_ms) VALUES (1, 0, 0);`,
];

/** Of the file, as this program knows it. */
export const rostersFileVersion = migrations.length;

/** Brings the file to the newest version; safe when several processes start at once. */
export function migrateRosters(database: Database.Database): void {
  migrate(database, 'roster store', migrations);
}
