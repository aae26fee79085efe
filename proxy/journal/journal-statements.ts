/** The journal's statements, which are the same for every kind of database but for a few words. */
import type { JournalRecord } from '#shared/journal/journal-record.ts';
import { databaseNowMs } from '#shared/sql/sql-driver.ts';
import type { SqlValue } from '#shared/sql/sql-driver.ts';
import type { JournalKind } from './sql-words.ts';
import type { Statement } from './statement.ts';
import type { JournalQuery, StoredEntry, StoredUsage } from './journal-store.ts';

const nowMs: Readonly<Record<JournalKind, string>> = {
  ...databaseNowMs,
  sqlite: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
};

const identity = {
  boot: 'boot_id',
  sequence: 'sequence',
  origin: 'origin',
  incarnation: 'incarnation',
  atMs: 'at_ms',
};

/** Name in the record -> column. */
export const entryColumns = {
  ...identity,
  event: 'event',
  key: 'key_hash',
  user: 'user_id',
  subject: 'subject',
  client: 'client',
  detail: 'detail',
} as const;

export const usageColumns = {
  ...identity,
  users: 'users',
  sessions: 'sessions',
  connections: 'connections',
  messages: 'messages',
  bytes: 'bytes',
  lagMs: 'lag_ms',
  rssBytes: 'rss_bytes',
} as const;

export const journalTables = { entry: 'mooring_journal_entry', usage: 'mooring_journal_usage' } as const;
const columnsOf = { entry: entryColumns, usage: usageColumns } as const;

/** In the order of the records. */
export function insertStatements(kind: JournalKind, records: readonly JournalRecord[]): Statement[] {
  return (['entry', 'usage'] as const).flatMap((name) => {
    const some = records.filter((record) => record.kind === name);
    if (some.length === 0) return [];
    const columns = Object.entries(columnsOf[name]);
    const row = `(${columns.map(() => '?').join(', ')}, ${nowMs[kind]})`;
    const list = [...columns.map(([, column]) => column), 'stored_ms'].join(', ');
    // One that is there stays; what does not fit is a fault all the same.
    const again =
      kind === 'mysql'
        ? 'ON DUPLICATE KEY UPDATE sequence = VALUES(sequence)'
        : 'ON CONFLICT (boot_id, sequence) DO NOTHING';
    return {
      text: `INSERT INTO ${journalTables[name]} (${list}) VALUES ${some.map(() => row).join(', ')} ${again}`,
      values: some.flatMap((record) => columns.map(([field]) => valueOf(record, field))),
    };
  });
}

function valueOf(record: JournalRecord, field: string): SqlValue {
  return (record as unknown as Readonly<Record<string, SqlValue>>)[field]!;
}

export function listStatement(name: 'entry' | 'usage', query: JournalQuery): Statement {
  const { sinceMs, before, key, origin, events, limit } = query;
  const given = (
    [
      ['stored_ms >= ?', sinceMs],
      ['id < ?', before],
      ['key_hash = ?', key],
      ['origin = ?', origin],
    ] as const
  ).filter(([, value]) => value !== undefined);
  const among = events === undefined ? [] : [`event IN (${events.map(() => '?').join(', ')})`];
  const conditions = [...given.map(([condition]) => condition), ...among];
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const columns = [...Object.values(columnsOf[name]), 'id', 'stored_ms'].join(', ');
  return {
    text: `SELECT ${columns} FROM ${journalTables[name]} ${where} ORDER BY id DESC LIMIT ?`,
    values: [...given.map(([, value]) => value!), ...(events ?? []), limit],
  };
}

/** MySQL does not read in a subquery from what it deletes from, unless that is a table of its own. */
export function removeStatement(
  kind: JournalKind,
  name: 'entry' | 'usage',
  { keepMs, limit }: { keepMs: number; limit: number },
): Statement {
  const table = journalTables[name];
  return {
    text: `DELETE FROM ${table} WHERE id IN (SELECT id FROM
      (SELECT id FROM ${table} WHERE stored_ms < ${nowMs[kind]} - ? ORDER BY stored_ms LIMIT ?) AS old)`,
    values: [keepMs, limit],
  };
}

type Row = Readonly<Record<string, unknown>>;

export function entryOf(row: Row): StoredEntry {
  return recordOf(entryColumns, row) as unknown as StoredEntry;
}

export function usageOf(row: Row): StoredUsage {
  return recordOf(usageColumns, row) as unknown as StoredUsage;
}

function recordOf(columns: Readonly<Record<string, string>>, row: Row): Row {
  const fields = Object.entries({ id: 'id', storedMs: 'stored_ms', ...columns });
  return Object.fromEntries(fields.map(([field, column]) => [field, row[column]]));
}
