/** The history's statements, for every kind of database. */
import { isOneOf } from '#shared/sql/row-list.ts';
import type { SqlValue } from '#shared/sql/sql-driver.ts';
import type { JournalKind } from '../journal/sql-words.ts';
import type { Statement } from '../journal/statement.ts';
import { figureMerges } from './day-figures.ts';
import { historyColumns, historyKeys, historyTableNames } from './history-schema.ts';
import type { HistoryTable } from './history-schema.ts';

type Row = readonly SqlValue[];

/** How a column of a row that is there already takes what comes. */
type Merge = 'set' | 'add' | 'most' | 'keep';

const merges: Readonly<Record<HistoryTable, Readonly<Record<string, Merge>>>> = {
  day: figureMerges,
  count: { times: 'add' },
  user: { first_ms: 'keep', last_ms: 'most' },
  session: {},
  member: {},
  here: {},
  boot: {},
};

/** Values in one statement: fewer than SQLite takes. */
const valuesMax = 5_000;

/** Inserts rows, or merges them into those with the same key. */
export function mergeStatements(kind: JournalKind, table: HistoryTable, rows: readonly Row[]): Statement[] {
  const columns = historyColumns[table];
  return statementsOf(columns, rows, (places) => {
    const into = `${historyTableNames[table]} (${columns.join(', ')})`;
    return `INSERT INTO ${into} VALUES ${places} ${mergeClause(kind, table)}`;
  });
}

/** By their keys. */
export function deleteRows(kind: JournalKind, table: HistoryTable, keys: readonly Row[]): Statement[] {
  const columns = historyKeys[table];
  return statementsOf(columns, keys, (places, rows) => {
    // SQLite takes no condition of so many terms.
    const isAmong =
      kind === 'sqlite' ? `(${columns.join(', ')}) IN (VALUES ${places})` : isOneOf(columns, rows);
    return `DELETE FROM ${historyTableNames[table]} WHERE ${isAmong}`;
  });
}

/** As few as the values of all rows go into. */
function statementsOf(
  columns: readonly string[],
  rows: readonly Row[],
  textOf: (places: string, rows: number) => string,
): Statement[] {
  const atOnce = Math.floor(valuesMax / columns.length);
  const places = `(${columns.map(() => '?').join(', ')})`;
  const statements: Statement[] = [];
  for (let at = 0; at < rows.length; at += atOnce) {
    const some = rows.slice(at, at + atOnce);
    const text = textOf(some.map(() => places).join(', '), some.length);
    statements.push({ text, values: some.flat() });
  }
  return statements;
}

function mergeClause(kind: JournalKind, table: HistoryTable): string {
  const name = historyTableNames[table];
  const key: readonly string[] = historyKeys[table];
  const others = historyColumns[table].filter((column) => !key.includes(column));
  const sets = others.map((column) => {
    const merge = merges[table][column] ?? 'set';
    const had = kind === 'mysql' ? column : `${name}.${column}`;
    const comes = kind === 'mysql' ? `VALUES(${column})` : `excluded.${column}`;
    switch (merge) {
      case 'set':
        return `${column} = ${comes}`;
      case 'add':
        return `${column} = ${had} + ${comes}`;
      case 'most':
        return `${column} = ${kind === 'sqlite' ? 'max' : 'greatest'}(${had}, ${comes})`;
      case 'keep':
        return `${column} = ${had}`;
    }
  });
  if (kind === 'mysql')
    return `ON DUPLICATE KEY UPDATE ${sets.length === 0 ? `${key[0]!} = ${key[0]!}` : sets.join(', ')}`;
  return `ON CONFLICT (${key.join(', ')}) DO ${sets.length === 0 ? 'NOTHING' : `UPDATE SET ${sets.join(', ')}`}`;
}

export function selectAmong(table: HistoryTable, column: string, values: readonly string[]): Statement {
  return {
    text: `SELECT ${historyColumns[table].join(', ')} FROM ${historyTableNames[table]} WHERE ${column} IN (${values.map(() => '?').join(', ')})`,
    values,
  };
}

export function deleteAmong(table: HistoryTable, column: string, values: readonly string[]): Statement {
  return {
    text: `DELETE FROM ${historyTableNames[table]} WHERE ${column} IN (${values.map(() => '?').join(', ')})`,
    values,
  };
}

/** Rows that keep to a condition, no more than the last of the values. MySQL does not read in a subquery from what it deletes from, unless that is a table of its own. */
export function deleteSome(table: 'user' | 'boot', condition: string, values: readonly number[]): Statement {
  const [key] = historyKeys[table];
  const name = historyTableNames[table];
  return {
    text: `DELETE FROM ${name} WHERE ${key} IN (SELECT ${key} FROM (SELECT ${key} FROM ${name} WHERE ${condition} LIMIT ?) AS old)`,
    values,
  };
}

/** MySQL gives sums as text, PostgreSQL as numbers of any length. */
const wholeNumber: Readonly<Record<JournalKind, string>> = {
  sqlite: 'INTEGER',
  mysql: 'SIGNED',
  postgres: 'BIGINT',
};

export function daysStatement(fromDay: string): Statement {
  return {
    text: `SELECT ${historyColumns.day.join(', ')} FROM ${historyTableNames.day} WHERE day >= ? ORDER BY day`,
    values: [fromDay],
  };
}

/** Sums over all days, most first, or for each day. */
export function countsStatement(
  kind: JournalKind,
  { fromDay, whats, byDay }: { fromDay: string; whats: readonly string[]; byDay: boolean },
): Statement {
  const columns = [...(byDay ? ['day'] : []), 'what', 'client', 'version'].join(', ');
  const order = byDay ? 'day, times DESC, client, version' : 'times DESC, client, version';
  return {
    text: `SELECT ${columns}, CAST(SUM(times) AS ${wholeNumber[kind]}) AS times FROM ${historyTableNames.count}
      WHERE day >= ? AND what IN (${whats.map(() => '?').join(', ')}) GROUP BY ${columns} ORDER BY ${order}`,
    values: [fromDay, ...whats],
  };
}

export function usersStatement(sinceMs: number): Statement {
  return {
    text: `SELECT COUNT(*) AS users FROM ${historyTableNames.user} WHERE last_ms >= ?`,
    values: [sinceMs],
  };
}

/** Different people who are in sessions, and members without a login, who are each somebody. */
export function presentStatement(kind: JournalKind): Statement {
  const { here, session } = historyTableNames;
  const unnamed = `SELECT CAST(COALESCE(SUM(unnamed), 0) AS ${wholeNumber[kind]}) FROM ${session} WHERE state = 'open'`;
  return { text: `SELECT COUNT(DISTINCT person) AS named, (${unnamed}) AS unnamed FROM ${here}`, values: [] };
}
