/** Looks at real database servers: one that is frozen and goes on, one that demands TLS, none at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { databaseSettingsOf } from '../../test/support/sql/database-settings.ts';
import { sqlProducts } from '../../test/support/sql/sql-product.ts';
import type { SqlProductName } from '../../test/support/sql/sql-product.ts';
import { startSqlServer } from '../../test/support/sql/sql-server.ts';
import type { SqlServer } from '../../test/support/sql/sql-server.ts';
import { loadDriver } from './load-driver.ts';
import type { SqlDriver } from './sql-driver.ts';

async function openDriver(
  t: TestContext,
  product: SqlProductName,
): Promise<{ server: SqlServer; driver: SqlDriver }> {
  const server = await startSqlServer(t, product, { demandsTls: true });
  const driver = await loadDriver(databaseSettingsOf(await server.createDatabase()), 1);
  t.after(async () => await driver.close());
  return { server, driver };
}

/** What became of a promise by now. */
function follow(promise: Promise<void>): { outcome: 'pending' | 'resolved' | 'rejected' } {
  const followed: { outcome: 'pending' | 'resolved' | 'rejected' } = { outcome: 'pending' };
  promise.then(
    () => (followed.outcome = 'resolved'),
    () => (followed.outcome = 'rejected'),
  );
  return followed;
}

for (const product of sqlProducts) {
  void test(`${product}: a look at a server that is frozen lasts longer than a connect may, and has its answer when that goes on`, async (t) => {
    const { server, driver } = await openDriver(t, product);
    const never = new AbortController().signal;
    await driver.look(never);
    server.freeze();
    const looking = driver.look(never);
    const look = follow(looking);
    await assert.rejects(driver.connect());
    assert.equal(look.outcome, 'pending');
    server.thaw();
    await looking;
  });

  void test(`${product}: a look ends when it is told to, and where there is no server`, async (t) => {
    const { server, driver } = await openDriver(t, product);
    server.freeze();
    const told = new AbortController();
    const looking = driver.look(told.signal);
    told.abort();
    await assert.rejects(looking);
    server.thaw();
    await server.kill();
    await assert.rejects(driver.look(new AbortController().signal));
  });
}
