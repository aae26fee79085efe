/**
 * The directory's statements about many pins at once. PostgreSQL gets its lists as arrays, one value each, so that a
 * statement of thousands of keys is no longer to read than one of a single key; MySQL gets them value by value.
 */
import { formatOwner } from '#shared/ids.ts';
import type { AffinityKey, EdgeId, Epoch, Incarnation } from '#shared/ids.ts';
import type { SqlDialect, SqlResult, SqlRunner, SqlValue } from '#shared/sql/sql-driver.ts';
import type { AskedPlacement, IdleMark } from './directory.ts';
import { insertAsked } from './sql-statements.ts';
import type { DirectoryStatements } from './sql-statements.ts';

/** Pins in one statement. MariaDB makes a table of a list of 1,000 and reads that instead, in five times the time. */
export const pinsAtOnceMax = 900;

interface Bulk {
  readonly sql: SqlRunner;
  readonly dialect: SqlDialect;
  readonly statements: DirectoryStatements;
}

export interface NewPin {
  readonly key: AffinityKey;
  readonly owner: { readonly id: EdgeId; readonly incarnation: Incarnation };
  readonly epoch: Epoch;
}

export async function selectPins(
  { sql, dialect, statements }: Bulk,
  keys: readonly AffinityKey[],
): Promise<SqlResult> {
  return await sql.run(statements.selectPins(keys.length), dialect === 'mysql' ? keys : [arrayOf(keys)]);
}

/** Those of them whose keys have no pin; gives how many. In the order of the keys, so that front doors that store the same ones do not deadlock. */
export async function insertClaims(
  { sql, dialect, statements }: Bulk,
  claims: readonly NewPin[],
): Promise<number> {
  const sorted = claims.toSorted(byKey);
  if (dialect === 'mysql') {
    const values = sorted.flatMap(({ key, owner, epoch }) => [key, owner.id, owner.incarnation, epoch]);
    return (await sql.run(statements.insertClaims(sorted.length), values)).changes;
  }
  const { changes } = await sql.run(statements.insertClaims(sorted.length), [
    arrayOf(sorted.map(({ key }) => key)),
    arrayOf(sorted.map(({ owner }) => owner.id)),
    arrayOf(sorted.map(({ owner }) => owner.incarnation)),
    arrayOf(sorted.map(({ epoch }) => epoch)),
  ]);
  return changes;
}

/** How many of the keys are on the edges that are asked for. */
export async function countAsAsked(
  { sql, dialect, statements }: Bulk,
  asked: readonly AskedPlacement[],
): Promise<number> {
  if (dialect === 'postgres') return countOf(await sql.run(statements.countAsAsked([]), askedArrays(asked)));
  const byEdge = [...Map.groupBy(asked, ({ target }) => formatOwner(target.id, target.incarnation)).values()];
  const values = byEdge.flatMap((some) => {
    const { id, incarnation } = some[0]!.target;
    return [id, incarnation, ...some.map(({ key }) => key)];
  });
  return countOf(await sql.run(statements.countAsAsked(byEdge.map(({ length }) => length)), values));
}

function countOf({ rows }: SqlResult): number {
  return rows.reduce((sum, row) => sum + (row['stored'] as number), 0);
}

/** PostgreSQL alone: stores those that have no pin and whose edges are up; gives how many. */
export async function insertAtOnce(sql: SqlRunner, asked: readonly AskedPlacement[]): Promise<number> {
  return (await sql.run(insertAsked, askedArrays(asked))).changes;
}

function askedArrays(asked: readonly AskedPlacement[]): SqlValue[] {
  return [
    arrayOf(asked.map(({ key }) => key)),
    arrayOf(asked.map(({ target }) => target.id)),
    arrayOf(asked.map(({ target }) => target.incarnation)),
  ];
}

/** Marks in one statement. For more of them PostgreSQL reads the whole table, until that has some hundred thousand pins. */
const marksAtOnceMax = 100;

/** In one order everywhere, so that front doors that say the same at once wait for each other and do not deadlock. */
export async function markPins(
  { sql, dialect, statements }: Bulk,
  marks: readonly IdleMark[],
  state: 'idle' | 'live',
): Promise<void> {
  const textFor = state === 'idle' ? statements.markIdle : statements.markLive;
  const sorted = marks.toSorted(byKey);
  for (let from = 0; from < sorted.length; from += marksAtOnceMax) {
    const part = sorted.slice(from, from + marksAtOnceMax);
    const values =
      dialect === 'mysql'
        ? part.flatMap(({ key, epoch }) => [key, epoch])
        : [arrayOf(part.map(({ key }) => key)), arrayOf(part.map(({ epoch }) => epoch))];
    await sql.run(textFor(part.length), values);
  }
}

function byKey(a: { readonly key: AffinityKey }, b: { readonly key: AffinityKey }): number {
  return a.key < b.key ? -1 : 1;
}

/** PostgreSQL's text of an array. Neither keys nor ids have a quote or a backslash in them. */
function arrayOf(values: readonly (string | number)[]): SqlValue {
  return `{${values.map((value) => (typeof value === 'number' ? String(value) : `"${value}"`)).join(',')}}`;
}
