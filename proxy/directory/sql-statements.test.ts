/** How real servers read many pins: what their plans say, for what it costs shows only where there are many more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { openSql } from '#shared/sql/open-sql.ts';
import type { SqlDatabase } from '#shared/sql/sql-database.ts';
import { databaseSettingsOf } from '../../test/support/sql/database-settings.ts';
import type { SqlProductName } from '../../test/support/sql/sql-product.ts';
import { sharedSqlServer } from '../../test/support/sql/sql-server.ts';
import { directorySchema } from './sql-schema.ts';
import { directoryStatements } from './sql-statements.ts';

const pins = 100_000;
const asked = 900;

async function openFilled(t: TestContext, product: SqlProductName): Promise<SqlDatabase> {
  const server = await sharedSqlServer(product);
  const settings = databaseSettingsOf(await server.createDatabase());
  const sql = await openSql({ settings, schema: directorySchema, failureCode: 'directory-unavailable' });
  t.after(async () => await sql.close());
  await sql.run("INSERT INTO mooring_edge VALUES ('e1', 'edge', 'boot', 1, '127.0.0.1:1', 1, 'up', 0)");
  const numbers = product === 'postgresql' ? 'generate_series(1, ?) AS n' : 'seq_1_to_100000 WHERE seq <= ?';
  const n = product === 'postgresql' ? 'n' : 'seq';
  await sql.run(
    `INSERT INTO mooring_pin SELECT concat('key-', ${n}), 'e1', 1, ${n}, 'live', NULL FROM ${numbers}`,
    [pins],
  );
  return sql;
}

test('PostgreSQL looks a list of keys up by their index, and does not read the whole table for them', async (t) => {
  const sql = await openFilled(t, 'postgresql');
  const keys = Array.from({ length: asked }, (_, i) => `key-${i + 1}`);
  const { selectPins } = directoryStatements('postgres');
  const values = [`{${keys.join(',')}}`];
  const { rows } = await sql.run(`EXPLAIN ${selectPins(asked)}`, values);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  assert.match(plan, /Index Scan using mooring_pin_pkey/);
  assert.doesNotMatch(plan, /Seq Scan on mooring_pin/);
  assert.equal((await sql.run(selectPins(asked), values)).rows.length, asked);
});

/** Somewhere in the middle. */
const partOfPins = ['e1', 1, 'key-2', 500];

test('PostgreSQL begins a part of an owner’s pins where the part before ended', async (t) => {
  const sql = await openFilled(t, 'postgresql');
  const { rows } = await sql.run(`EXPLAIN ${directoryStatements('postgres').listLivePins}`, partOfPins);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  assert.match(plan, /Index Scan using mooring_pin_of_owner .*\n *Index Cond: .*pin_key >/);
  assert.doesNotMatch(plan, /Sort/);
});

test('MariaDB begins a part of an owner’s pins where the part before ended', async (t) => {
  const sql = await openFilled(t, 'mariadb');
  const { rows } = await sql.run(`EXPLAIN ${directoryStatements('mysql').listLivePins}`, partOfPins);
  const plan = rows.find((row) => row['table'] === 'p')!;
  assert.equal(plan['type'], 'range');
  assert.equal(plan['key'], 'mooring_pin_owner');
  assert.doesNotMatch(String(plan['Extra']), /filesort/);
});

test('MariaDB finds a single pin that is marked by its key, and PostgreSQL as many as there are in one statement', async (t) => {
  const mariadb = await openFilled(t, 'mariadb');
  const ofOne = directoryStatements('mysql').markLive(1);
  const { rows } = await mariadb.run(`EXPLAIN ${ofOne}`, ['key-2', 2]);
  assert.deepEqual([rows[0]?.['type'], rows[0]?.['key'], rows[0]?.['rows']], ['range', 'PRIMARY', '1']);

  const postgresql = await openFilled(t, 'postgresql');
  const numbers = Array.from({ length: 100 }, (_, i) => i + 1);
  const values = [`{${numbers.map((n) => `key-${n}`).join(',')}}`, `{${numbers.join(',')}}`];
  const ofMany = directoryStatements('postgres').markLive(numbers.length);
  const plan = (await postgresql.run(`EXPLAIN ${ofMany}`, values)).rows.map((row) => row['QUERY PLAN']);
  assert.match(plan.join('\n'), /Index Scan using mooring_pin_pkey/);
  assert.equal((await postgresql.run(ofMany, values)).changes, numbers.length);
});

test('how many of a list of keys are on the edges that are asked for is told by their keys alone', async (t) => {
  const numbers = Array.from({ length: asked }, (_, i) => i + 1);
  const postgresql = await openFilled(t, 'postgresql');
  const arrays = [
    `{${numbers.map((n) => `key-${n}`).join(',')}}`,
    `{${numbers.map(() => 'e1').join(',')}}`,
    // One of them of an incarnation that it had before.
    `{${numbers.map((n) => (n === 1 ? 0 : 1)).join(',')}}`,
  ];
  const ofArrays = directoryStatements('postgres').countAsAsked([asked - 1, 1]);
  const plan = (await postgresql.run(`EXPLAIN ${ofArrays}`, arrays)).rows.map((row) => row['QUERY PLAN']);
  assert.match(plan.join('\n'), /Index Scan using mooring_pin_pkey/);
  assert.doesNotMatch(plan.join('\n'), /Seq Scan on mooring_pin/);
  assert.equal((await postgresql.run(ofArrays, arrays)).rows[0]!['stored'], asked - 1);

  const mariadb = await openFilled(t, 'mariadb');
  const values = ['e1', 1, ...numbers.slice(1).map((n) => `key-${n}`), 'e1', 0, 'key-1'];
  const ofValues = directoryStatements('mysql').countAsAsked([asked - 1, 1]);
  const [first] = (await mariadb.run(`EXPLAIN ${ofValues}`, values)).rows;
  const expected = ['range', 'PRIMARY', String(asked - 1)];
  assert.deepEqual([first?.['type'], first?.['key'], first?.['rows']], expected);
  const counts = (await mariadb.run(ofValues, values)).rows.map((row) => row['stored']);
  assert.deepEqual(counts, [asked - 1, 0]);
});
