/** Tables of the SQLite document store. Forward only: a file that a newer program wrote is refused. */
import type Database from 'better-sqlite3';

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

/** Brings the file to the newest version; safe when several processes start at once. */
export function migrateDocuments(database: Database.Database): void {
  const migrate = database.transaction(() => {
    const version = database.pragma('user_version', { simple: true }) as number;
    if (version > migrations.length) {
      throw new Error(
        `the document store has schema version ${version}, this program knows ${migrations.length}: use the newer program`,
      );
    }
    for (const statement of migrations.slice(version)) database.exec(statement);
    database.pragma(`user_version = ${migrations.length}`);
  });
  migrate.immediate();
}
