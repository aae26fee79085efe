/** The directory on real database servers: the conformance suite, and what a server's ends, freezes and older copies must not break. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { testDirectoryHistories } from '../../test/support/directory-histories.ts';
import { databaseSettingsOf } from '../../test/support/sql/database-settings.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { sqlProducts } from '../../test/support/sql/sql-product.ts';
import type { SqlProductName } from '../../test/support/sql/sql-product.ts';
import { sharedSqlServer, startSqlServer } from '../../test/support/sql/sql-server.ts';
import { keyOf, register, won } from './conformance-store.ts';
import type { DirectoryStore, OpenStore } from './conformance-store.ts';
import { testDirectory } from './directory-conformance.ts';
import type { Directory, EdgeRef } from './directory.ts';
import { openSqlDirectory } from './sql-directory.ts';

/** Each store is a database of its own on the server that this process shares. */
function storeOn(product: SqlProductName): OpenStore {
  return async (): Promise<DirectoryStore> => {
    const server = await sharedSqlServer(product);
    const settings = databaseSettingsOf(await server.createDatabase());
    return {
      open: async () => await openSqlDirectory(settings),
      letLeaseRunOut,
      remove: async () => {},
    };
  };
}

async function letLeaseRunOut(directory: Directory, edge: EdgeRef): Promise<void> {
  await eventually(async () => {
    await directory.attend();
    return await directory.isOver(edge);
  }, `the lease of ${edge.id} has run out`);
}

async function answers(directory: Directory): Promise<boolean> {
  return await directory.attend().then(
    () => true,
    () => false,
  );
}

function isUnavailable(error: unknown): boolean {
  return error instanceof AppError && error.code === 'directory-unavailable';
}

/** A server of the test's own, to be broken, and a directory on it. */
async function openOwn(t: TestContext, product: SqlProductName) {
  const server = await startSqlServer(t, product);
  const settings = databaseSettingsOf(await server.createDatabase());
  const open = async (): Promise<Directory> => {
    const directory = await openSqlDirectory(settings);
    t.after(async () => await directory.close());
    return directory;
  };
  return { server, settings, open, directory: await open() };
}

for (const product of sqlProducts) {
  testDirectory(storeOn(product));
  testDirectoryHistories(storeOn(product));

  void test(`${product}: a server that was killed and started again is used as before, with leases that count from then`, async (t) => {
    const { server, directory } = await openOwn(t, product);
    const edge = await register(directory, 'e1');
    const pin = won(await directory.insertPin(keyOf('k1'), edge));
    await server.kill();
    await assert.rejects(directory.findPin(pin.key), isUnavailable);
    await server.start();
    await eventually(async () => await answers(directory), 'the directory answers again');
    assert.deepEqual(await directory.findPin(pin.key), pin);
    assert.equal(await directory.renewLease(edge), true);
    assert.ok(won(await directory.insertPin(keyOf('k2'), edge)).epoch > pin.epoch);
  });

  void test(`${product}: while the server is frozen calls fail in bounded time, and afterwards no lease has lapsed`, async (t) => {
    const { server, directory } = await openOwn(t, product);
    const edge = await register(directory, 'e1');
    server.freeze();
    await assert.rejects(directory.renewLease(edge), isUnavailable);
    // Known to be down by now: nobody waits for the deadline again.
    await assert.rejects(directory.findPin(keyOf('k1')), isUnavailable);
    server.thaw();
    await eventually(async () => await directory.renewLease(edge).catch(() => false), 'the lease is renewed');
    assert.equal(await directory.isOver(edge), false);
  });

  void test(`${product}: a server that went back to an older copy gives out no epoch that was given out before`, async (t) => {
    const { server, directory } = await openOwn(t, product);
    const edge = await register(directory, 'e1');
    const copy = await server.copyData();
    const pins = [];
    for (let i = 0; i < 20; i++) pins.push(won(await directory.insertPin(keyOf(`k${i}`), edge)));
    await server.restore(copy);
    await eventually(async () => await answers(directory), 'the directory answers again');
    const again = won(await directory.insertPin(keyOf('k0'), edge));
    assert.ok(again.epoch > pins.at(-1)!.epoch);
  });

  void test(`${product}: a server whose clock jumps, forward or back, makes no lease lapse, and leases run out as before`, async (t) => {
    const { server, settings, directory } = await openOwn(t, product);
    const edge = await register(directory, 'e1');
    for (const jumpMs of [3_600_000, -3_600_000]) {
      // As if all that is known had been told by the clock before it jumped.
      await server.ask(`UPDATE mooring_clock SET seen_ms = seen_ms - ${jumpMs}`, settings.schema);
      await server.ask(`UPDATE mooring_edge SET lease_until = lease_until - ${jumpMs}`, settings.schema);
      assert.equal(await directory.isOver(edge), false);
      await directory.attend();
      assert.equal(await directory.isOver(edge), false);
      assert.equal(await directory.renewLease(edge), true);
    }
    await letLeaseRunOut(directory, edge);
  });

  void test(`${product}: a schema of a newer program is refused in words, and left as it is`, async (t) => {
    const { server, settings, directory } = await openOwn(t, product);
    await directory.close();
    await server.ask("UPDATE mooring_schema SET version = 99 WHERE store = 'directory'", settings.schema);
    await assert.rejects(
      openSqlDirectory(settings),
      /schema version 99, this program knows \d+: use the newer/,
    );
    const { rows } = { rows: await server.ask('SELECT version FROM mooring_schema', settings.schema) };
    assert.deepEqual(rows, [['99']]);
  });

  void test(`${product}: a newer program’s schema that is met amid the work counts as a store that is away`, async (t) => {
    const { server, settings, directory } = await openOwn(t, product);
    const writeVersion = async (change: string): Promise<unknown> =>
      await server.ask(`UPDATE mooring_schema SET version = version ${change}`, settings.schema);
    await writeVersion('+ 99');
    await server.kill();
    await server.start();
    await assert.rejects(directory.attend(), { code: 'directory-unavailable' });
    await assert.rejects(directory.findPin(keyOf('k0')), { code: 'directory-unavailable' });
    await writeVersion('- 99');
    await eventually(async () => await answers(directory), 'the directory answers again');
  });

  void test(`${product}: several processes’ first openings of one database all succeed`, async (t) => {
    const server = await sharedSqlServer(product);
    const settings = databaseSettingsOf(await server.createDatabase());
    const opened = await Promise.all(Array.from({ length: 4 }, async () => await openSqlDirectory(settings)));
    t.after(async () => {
      for (const directory of opened) await directory.close();
    });
    for (const directory of opened) assert.equal(await directory.countPins(), 0);
  });

  void test(`${product}: a wrong password and a missing database are refused with the server’s reason`, async () => {
    const server = await sharedSqlServer(product);
    const settings = databaseSettingsOf(await server.createDatabase());
    await assert.rejects(openSqlDirectory({ ...settings, password: 'wrong' }), /denied|authentication/);
    await assert.rejects(openSqlDirectory({ ...settings, schema: 'no_such' }), /no_such|denied/);
  });

  void test(`${product}: a server that demands TLS gets it, and one that another authority signed is refused`, async (t) => {
    const server = await startSqlServer(t, product, { demandsTls: true });
    const settings = databaseSettingsOf(await server.createDatabase());
    assert.equal(settings.tls?.mode, 'verify-full');
    const directory = await openSqlDirectory(settings);
    t.after(async () => await directory.close());
    assert.equal(await directory.countPins(), 0);
    await assert.rejects(openSqlDirectory({ ...settings, tls: undefined }));
    await assert.rejects(
      openSqlDirectory({ ...settings, tls: { ...settings.tls, ca: undefined } }),
      /self.signed|unable to|certificate/,
    );
    const lenient = { ...settings.tls, ca: undefined, rejectUnauthorized: false };
    await (await openSqlDirectory({ ...settings, tls: lenient })).close();
  });
}
