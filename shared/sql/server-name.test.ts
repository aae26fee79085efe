/** Whose certificate is taken for a database server's: that of the name or address by which it is reached. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databaseSettingsOf } from '../../test/support/sql/database-settings.ts';
import { startSqlServer } from '../../test/support/sql/sql-server.ts';
import type { DatabaseSettings } from './database-settings.ts';
import { openSql } from './open-sql.ts';

const schema = { store: 'directory', migrations: { mysql: [], postgres: [] } } as const;

async function ask(settings: DatabaseSettings): Promise<unknown> {
  const sql = await openSql({ settings, schema, failureCode: 'store-unavailable' });
  try {
    return (await sql.run('SELECT 1 AS found')).rows[0]?.['found'];
  } finally {
    await sql.close();
  }
}

for (const product of ['mariadb', 'postgresql'] as const) {
  void test(`${product}: a certificate for localhost is not taken for one for 127.0.0.1, and the other way round`, async (t) => {
    for (const { certificateNames, host, other } of [
      { certificateNames: 'IP:127.0.0.1', host: '127.0.0.1', other: 'localhost' },
      { certificateNames: 'DNS:localhost', host: 'localhost', other: '127.0.0.1' },
    ]) {
      const server = await startSqlServer(t, product, { demandsTls: true, certificateNames });
      const settings = databaseSettingsOf(await server.createDatabase());
      assert.equal(await ask({ ...settings, host }), 1);
      await assert.rejects(ask({ ...settings, host: other }), /altnames/);
    }
  });
}
