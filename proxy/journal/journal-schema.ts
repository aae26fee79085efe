/** Tables of the journal, in SQLite as on a server. A record's boot and number are its name, and `id` is the order in which they came. */
import type Database from 'better-sqlite3';
import { migrate } from '#shared/sqlite/migrate.ts';
import type { SqlStoreSchema } from '#shared/sql/migrate-sql.ts';
import { textMax } from '#shared/journal/journal-words.ts';
import { historyMigrations } from '../history/history-schema.ts';
import { sqlWords } from './sql-words.ts';
import type { SqlWords } from './sql-words.ts';

const { sqlite, mysql, postgres } = sqlWords;

function tables({ id, name, text, number, fraction, indexes, options }: SqlWords): readonly string[] {
  const identity = `id ${id},
      stored_ms ${number} NOT NULL,
      boot_id ${name(64)} NOT NULL,
      sequence ${number} NOT NULL,
      origin ${text(textMax.origin)} NOT NULL,
      incarnation ${number} NOT NULL,
      at_ms ${number} NOT NULL`;
  return [
    `CREATE TABLE IF NOT EXISTS mooring_journal_entry (
      ${identity},
      event ${name(32)} NOT NULL,
      key_hash ${name(textMax.key)} NOT NULL,
      user_id ${text(textMax.user)} NOT NULL,
      subject ${text(textMax.subject)} NOT NULL,
      client ${text(textMax.client)} NOT NULL,
      detail ${text(textMax.detail)} NOT NULL,
      UNIQUE (boot_id, sequence)${indexes('journal_entry', ['stored_ms', 'key_hash'])}
    )${options}`,
    `CREATE TABLE IF NOT EXISTS mooring_journal_usage (
      ${identity},
      users ${number} NOT NULL,
      sessions ${number} NOT NULL,
      connections ${number} NOT NULL,
      messages ${number} NOT NULL,
      bytes ${number} NOT NULL,
      lag_ms ${fraction} NOT NULL,
      rss_bytes ${number} NOT NULL,
      UNIQUE (boot_id, sequence)${indexes('journal_usage', ['stored_ms'])}
    )${options}`,
  ];
}

const separateIndexes = [
  'CREATE INDEX mooring_journal_entry_stored_ms ON mooring_journal_entry (stored_ms)',
  'CREATE INDEX mooring_journal_entry_key_hash ON mooring_journal_entry (key_hash, id)',
  'CREATE INDEX mooring_journal_usage_stored_ms ON mooring_journal_usage (stored_ms)',
];

export const journalSchema: SqlStoreSchema = {
  store: 'journal',
  migrations: {
    mysql: [tables(mysql), ...historyMigrations('mysql')],
    postgres: [[...tables(postgres), ...separateIndexes], ...historyMigrations('postgres')],
  },
};

const migrations = [[...tables(sqlite), ...separateIndexes], ...historyMigrations('sqlite')].map(
  (statements) => statements.join(';\n'),
);

/** Of the file, as this program knows it. */
export const journalFileVersion = migrations.length;

/** Brings the file to the newest version; safe when several processes start at once. */
export function migrateJournal(database: Database.Database): void {
  migrate(database, 'journal', migrations);
}
