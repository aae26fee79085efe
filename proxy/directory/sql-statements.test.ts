/** How a real PostgreSQL server reads many pins: what its plan says, for what it costs shows only where there are many more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSql } from '#shared/sql/open-sql.ts';
import { databaseSettingsOf } from '../../test/support/sql/database-settings.ts';
import { sharedSqlServer } from '../../test/support/sql/sql-server.ts';
import { directorySchema } from './sql-schema.ts';
import { directoryStatements } from './sql-statements.ts';

const pins = 30_000;
const asked = 900;

test('PostgreSQL looks a list of keys up by their index, and does not read the whole table for them', async (t) => {
  const server = await sharedSqlServer('postgresql');
  const settings = databaseSettingsOf(await server.createDatabase());
  const sql = await openSql({ settings, schema: directorySchema, failureCode: 'directory-unavailable' });
  t.after(async () => await sql.close());
  await sql.run("INSERT INTO mooring_edge VALUES ('e1', 'edge', 'boot', 1, '127.0.0.1:1', 1, 'up', 0)");
  await sql.run(
    "INSERT INTO mooring_pin SELECT 'key-' || n, 'e1', 1, n, 'live', NULL FROM generate_series(1, ?) AS n",
    [pins],
  );
  const keys = Array.from({ length: asked }, (_, i) => `key-${i + 1}`);
  const { selectPins } = directoryStatements('postgres');
  const values = [`{${keys.join(',')}}`];
  const { rows } = await sql.run(`EXPLAIN ${selectPins(asked)}`, values);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  assert.match(plan, /Index Scan using mooring_pin_pkey/);
  assert.doesNotMatch(plan, /Seq Scan on mooring_pin/);
  assert.equal((await sql.run(selectPins(asked), values)).rows.length, asked);
});
