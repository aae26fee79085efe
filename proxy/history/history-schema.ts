/**
 * Tables of the history, which stand beside the journal's, of whose records they are made in the same transaction: figures of days,
 * counts of clients, people by a hash, sessions that run or have just ended, and up to where each process has been heard.
 */
import { figureColumns } from './day-figures.ts';
import { sqlWords } from '../journal/sql-words.ts';
import type { JournalKind } from '../journal/sql-words.ts';

export const historyTableNames = {
  day: 'mooring_history_day',
  count: 'mooring_history_count',
  user: 'mooring_history_user',
  session: 'mooring_history_session',
  member: 'mooring_history_member',
  here: 'mooring_history_here',
  boot: 'mooring_history_boot',
} as const;

/** One row, which whoever writes holds until the end of its transaction: so each record is heard once, and in its order. */
export const historyLock = 'mooring_history_lock';

export type HistoryTable = keyof typeof historyTableNames;

/** Columns of each table, those of its key first. */
export const historyColumns = {
  day: ['day', ...figureColumns],
  count: ['day', 'what', 'client', 'version', 'times'],
  user: ['person', 'first_ms', 'last_ms'],
  session: [
    'key_hash',
    'state',
    'begun_ms',
    'told_ms',
    'is_counted',
    'has_host',
    'named',
    'unnamed',
    'unnamed_max',
    'client',
    'version',
  ],
  /** People of sessions that are not over. */
  member: ['key_hash', 'person'],
  /** Those of them who are in it now. */
  here: ['key_hash', 'person'],
  boot: ['boot_id', 'sequence', 'told_ms'],
} as const satisfies Record<HistoryTable, readonly string[]>;

export const historyKeys = {
  day: ['day'],
  count: ['day', 'what', 'client', 'version'],
  user: ['person'],
  session: ['key_hash'],
  member: ['key_hash', 'person'],
  here: ['key_hash', 'person'],
  boot: ['boot_id'],
} as const satisfies Record<HistoryTable, readonly string[]>;

/** Longest texts, which are of printable ASCII. */
const lengths: Readonly<Record<string, number>> = {
  day: 10,
  what: 16,
  client: 64,
  version: 32,
  person: 64,
  key_hash: 64,
  state: 8,
  boot_id: 64,
};

/** By version; each statement does no harm when it runs once more. */
export function historyMigrations(kind: JournalKind): readonly (readonly string[])[] {
  const { number, options } = sqlWords[kind];
  const again = kind === 'mysql' ? 'ON DUPLICATE KEY UPDATE id = 1' : 'ON CONFLICT (id) DO NOTHING';
  const first = (Object.keys(historyTableNames) as HistoryTable[]).filter((table) => table !== 'here');
  return [
    [
      ...first.map((table) => tableOf(kind, table)),
      `CREATE TABLE IF NOT EXISTS ${historyLock} (id ${number} NOT NULL, PRIMARY KEY (id))${options}`,
      `INSERT INTO ${historyLock} (id) VALUES (1) ${again}`,
    ],
    [tableOf(kind, 'here')],
  ];
}

function tableOf(kind: JournalKind, table: HistoryTable): string {
  const { name, number, fraction, options } = sqlWords[kind];
  const typeOf = (column: string): string => {
    const length = lengths[column];
    if (length !== undefined) return name(length);
    return column === 'lag_sum' ? fraction : number;
  };
  const columns = historyColumns[table].map((column) => `${column} ${typeOf(column)} NOT NULL`);
  const key = `PRIMARY KEY (${historyKeys[table].join(', ')})`;
  return `CREATE TABLE IF NOT EXISTS ${historyTableNames[table]} (${[...columns, key].join(', ')})${options}`;
}
