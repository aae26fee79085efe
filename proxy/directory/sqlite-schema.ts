/** Tables of the SQLite directory. Forward only: a file that a newer program wrote is refused. */
import type Database from 'better-sqlite3';
import { migrate } from '#shared/sqlite/migrate.ts';

const migrations = [
  `CREATE TABLE edge (
     id TEXT PRIMARY KEY,
     kind TEXT NOT NULL,
     boot_id TEXT NOT NULL,
     incarnation INTEGER NOT NULL,
     address TEXT NOT NULL,
     weight INTEGER NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('up', 'draining', 'gone')),
     lease_until INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE pin (
     key TEXT PRIMARY KEY,
     edge_id TEXT NOT NULL,
     incarnation INTEGER NOT NULL,
     epoch INTEGER NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('live', 'idle')),
     idle_since INTEGER
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX pin_owner ON pin (edge_id, incarnation, state);
   CREATE INDEX pin_idle ON pin (idle_since) WHERE state = 'idle';
   CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   INSERT INTO counter (name, value) VALUES ('epoch', 0), ('clock', 0);`,
  `CREATE TABLE fleet_setting (
     name TEXT PRIMARY KEY,
     version INTEGER NOT NULL,
     value TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  `INSERT INTO counter (name, value) VALUES ('clock-offset', 0);`,
];

/** Of the file, as this program knows it. */
export const directoryFileVersion = migrations.length;

/** Brings the file to the newest version; safe when several processes start at once. */
export function migrateDirectory(database: Database.Database): void {
  migrate(database, 'directory', migrations);
}
