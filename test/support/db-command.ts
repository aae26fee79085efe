/** `mooring db` on stores of any kind, and what it does on each database server, as tests that the caller names the server for. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import type { DatabaseSettings } from '#shared/sql/database-settings.ts';
import { portableDirectory } from '../../proxy/directory/portable-directory.ts';
import { directoryContent } from './directory-content.ts';
import { filePlace, fill } from './portable-trip.ts';
import { runCommand } from './run-command.ts';
import type { RunResult } from './run-command.ts';
import { databaseSettingsOf } from './sql/database-settings.ts';
import type { SqlProductName } from './sql/sql-product.ts';
import { sharedSqlServer, startSqlServer } from './sql/sql-server.ts';

type Where = { readonly dataDir: string; readonly database?: DatabaseSettings | undefined };

/** The command on the stores of a place; the database is configured as administrators do it. */
export async function db(
  t: TestContext,
  { dataDir, database }: Where,
  ...args: string[]
): Promise<RunResult> {
  const { tls, ...server } = database ?? { tls: undefined };
  const secure = tls === undefined ? {} : { sslEnabled: true, sslMode: tls.mode, sslCA: tls.ca };
  const config = database === undefined ? {} : { database: { ...server, ...secure } };
  const env = { CT_DATA_DIR: dataDir, CT_LOCATOR_CONFIG: JSON.stringify(config) };
  return await runCommand(t, ['db', ...args], env);
}

/** Declares the test. */
export function testFailingImport(product: SqlProductName): void {
  void test(`an import into ${product} that fails in its middle leaves nothing there`, async (t) => {
    const place = filePlace(t);
    await fill(place, portableDirectory, fc.sample(directoryContent, 1)[0]!);
    const path = join(place.dataDir, 'pool.dump');
    assert.equal((await db(t, place, 'export', path)).code, 0);
    const server = await sharedSqlServer(product);
    const address = await server.createDatabase();
    const database = databaseSettingsOf(address);
    const to = { ...place, database };
    assert.equal((await db(t, to, 'migrate')).code, 0);
    // The edges, which come first, fit; of the pins none does.
    await server.ask('ALTER TABLE mooring_pin ADD CONSTRAINT none CHECK (epoch < 0)', address.database);
    assert.equal((await db(t, to, 'import', path)).code, 1);
    assert.match((await db(t, to, 'check')).stdout, /directory .*edge 0, pin 0, fleet_setting 0/);
  });
}

/** Declares the test. */
export function testServerCheck(product: SqlProductName): void {
  void test(`check tells of ${product} what it is, and after migrate that everything is well`, async (t) => {
    const server = await startSqlServer(t, product, { demandsTls: true });
    const database = databaseSettingsOf(await server.createDatabase());
    const place = { ...filePlace(t), database };
    const { stdout, code } = await db(t, place, 'check');
    assert.equal(code, 0, stdout);
    assert.match(stdout, product === 'mariadb' ? /server +MariaDB 1\d/ : /server +PostgreSQL 1\d/);
    assert.match(stdout, /TLS +TLSv1\.[23]/);
    assert.match(stdout, /clock +\d+ ms/);
    assert.match(stdout, /directory +note: is not there yet/);
    assert.match((await db(t, place, 'migrate')).stdout, /directory: made at version \d/);
    assert.match((await db(t, place, 'migrate')).stdout, /directory: is up to date/);
    assert.match((await db(t, place, 'check')).stdout, /directory +schema version \d, rows: edge 0/);
    const { tls: _, ...plain } = database;
    const untrusted = { ...database, tls: { ...database.tls!, ca: undefined } };
    for (const [wrong, said] of [
      [{ ...plain, tls: undefined }, /FAULT: .*TLS/],
      [untrusted, /FAULT: its certificate is signed by nobody/],
      [{ ...database, password: 'wrong' }, /FAULT: it does not let mooring in/],
      [{ ...database, schema: 'nowhere' }, /FAULT: .*nowhere/],
      [{ ...database, port: 1 }, /FAULT: nobody answers at 127\.0\.0\.1:1/],
    ] as const) {
      const found = await db(t, { ...place, database: wrong }, 'check');
      assert.equal(found.code, 1, found.stdout);
      assert.match(found.stdout, said);
    }
  });
}
