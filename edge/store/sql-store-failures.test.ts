/**
 * The stores on database servers that break: frozen, killed and started again, cut off amid a write. What was
 * acknowledged is there, and nobody is held up for longer than a moment by somebody who is gone.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { AppError } from '#shared/errors.ts';
import type { DatabaseSettings } from '#shared/sql/database-settings.ts';
import { openSql } from '#shared/sql/open-sql.ts';
import { startByteProxy } from '../../test/support/byte-proxy.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { databaseSettingsOf } from '../../test/support/sql/database-settings.ts';
import { sqlProducts } from '../../test/support/sql/sql-product.ts';
import { sharedSqlServer, startSqlServer } from '../../test/support/sql/sql-server.ts';
import { documentAt } from './document-conformance.ts';
import type { DocumentStore } from './document-store.ts';
import { documentsSchema } from './sql-documents-schema.ts';
import { openSqlDocuments } from './sql-documents.ts';
import { openSqlRosters } from './sql-rosters.ts';

const connectionsMax = 4;
const cutsMax = 60;
const unavailable = { code: 'store-unavailable' };
const ref = documentAt(1);

async function openDocuments(t: TestContext, settings: DatabaseSettings): Promise<DocumentStore> {
  const store = await openSqlDocuments(settings, connectionsMax);
  t.after(async () => await store.close());
  return store;
}

/** The same database by a way that can hang. */
async function detour(t: TestContext, settings: DatabaseSettings) {
  const proxy = await startByteProxy(t, { url: `http://127.0.0.1:${settings.port}` });
  return { proxy, settings: { ...settings, port: Number(new URL(proxy.url).port) } };
}

/** Numbers of what is stored, one byte each. */
async function readAll(store: DocumentStore): Promise<number[]> {
  const loaded = await store.load(ref);
  assert.ok(loaded.kind === 'loaded');
  return loaded.updates.map((update) => update[0]!);
}

/** Appends while `isGoing`, also where that fails, and notes what was acknowledged. */
async function appendOnAndOn(
  store: DocumentStore,
  acknowledged: number[],
  isGoing: () => boolean,
): Promise<void> {
  for (let count = 0; isGoing(); count = (count + 1) % 256) {
    const result = await store.append(ref, [Uint8Array.of(count)]).catch(() => undefined);
    if (result?.kind === 'written') acknowledged.push(count);
    // Known to be down, it refuses at once.
    else {
      const { promise, resolve } = Promise.withResolvers<void>();
      setImmediate(resolve);
      await promise;
    }
  }
}

/** Whether all of these are among those, in their order. */
function holds(stored: readonly number[], acknowledged: readonly number[]): boolean {
  let at = 0;
  for (const value of stored) if (value === acknowledged[at]) at++;
  return at === acknowledged.length;
}

for (const product of sqlProducts) {
  void test(`${product}: while the database is frozen calls fail by their deadline, and go on by themselves`, async (t) => {
    const server = await startSqlServer(t, product);
    const settings = databaseSettingsOf(await server.createDatabase());
    const store = await openDocuments(t, settings);
    const rosters = await openSqlRosters(settings, connectionsMax);
    t.after(async () => await rosters.close());
    await store.append(ref, [Uint8Array.of(1)]);
    server.freeze();
    await Promise.all([
      assert.rejects(store.append(ref, [Uint8Array.of(2)]), unavailable),
      assert.rejects(rosters.claim(ref), { code: 'roster-unavailable' }),
    ]);
    server.thaw();
    await eventually(async () => (await rosters.claim(ref).catch(() => undefined)) !== undefined, 'rosters');
    await eventually(
      async () => (await store.append(ref, [Uint8Array.of(3)]).catch(() => undefined)) !== undefined,
      'documents are written again',
    );
    const stored = await readAll(store);
    // What was given up may have happened all the same.
    assert.ok(holds(stored, [1, 3]));
  });

  void test(`${product}: one call that takes too long is given up, and no other; what carries much may take longer`, async (t) => {
    const server = await sharedSqlServer(product);
    const settings = databaseSettingsOf(await server.createDatabase());
    const sql = await openSql({ settings, schema: documentsSchema, failureCode: 'store-unavailable' });
    t.after(async () => await sql.close());
    const dozing = product === 'postgresql' ? 'SELECT pg_sleep(4)' : 'SELECT SLEEP(4)';
    const over = new AbortController();
    const askMany = async (): Promise<unknown> =>
      await Promise.all(Array.from({ length: 20 }, async () => await sql.run('SELECT 1')));
    const slow = assert.rejects(sql.run(dozing), unavailable).then(askMany);
    const large = sql.run(dozing, [], 67_108_864);
    void slow.catch(() => undefined).finally(() => over.abort());
    while (!over.signal.aborted) await sql.run('SELECT 1');
    await slow;
    assert.equal((await large).rows.length, 1);
  });

  void test(`${product}: what was acknowledged before the database was killed, again and again, is there`, async (t) => {
    const server = await startSqlServer(t, product);
    const store = await openDocuments(t, databaseSettingsOf(await server.createDatabase()));
    let isGoing = true;
    const acknowledged: number[] = [];
    const appending = appendOnAndOn(store, acknowledged, () => isGoing);
    for (let round = 0; round <= 3; round++) {
      const before = acknowledged.length;
      await eventually(() => acknowledged.length > before + 20, 'updates are written');
      if (round === 3) break;
      await server.kill();
      await server.start();
    }
    isGoing = false;
    await appending;
    assert.ok(holds(await readAll(store), acknowledged));
  });

  void test(`${product}: what was acknowledged while connections break is there`, async (t) => {
    const server = await sharedSqlServer(product);
    const { proxy, settings } = await detour(t, databaseSettingsOf(await server.createDatabase()));
    const store = await openDocuments(t, settings);
    let cuts = 0;
    const cutting = setInterval(() => {
      proxy.cut(++cuts % 50);
      if (cuts >= cutsMax) clearInterval(cutting);
    }, 20);
    t.after(() => clearInterval(cutting));
    const acknowledged: number[] = [];
    // On a busy machine no connection may last for one write while they are cut.
    await appendOnAndOn(store, acknowledged, () => cuts < cutsMax || acknowledged.length < 5);
    await eventually(async () => (await store.load(ref).catch(() => undefined)) !== undefined, 'it is there');
    assert.ok(holds(await readAll(store), acknowledged));
  });

  void test(`${product}: an edge whose host is gone amid a write holds the next owner up for seconds alone`, async (t) => {
    const server = await sharedSqlServer(product);
    const settings = databaseSettingsOf(await server.createDatabase());
    const store = await openDocuments(t, settings);
    await store.append(ref, [Uint8Array.of(1)]);
    const { proxy, settings: far } = await detour(t, settings);
    const sql = await openSql({ settings: far, schema: documentsSchema, failureCode: 'store-unavailable' });
    t.after(async () => await sql.close());
    const vanished = sql.transaction(async (runner) => {
      await runner.run('UPDATE mooring_document_session SET used_ms = 0 WHERE session_key = ?', [ref.key]);
      proxy.hang();
      await runner.run('SELECT 1');
    });
    await assert.rejects(vanished, unavailable);
    const next = documentAt(2);
    await eventually(
      async () => (await store.load(next).catch(() => undefined))?.kind === 'loaded',
      'the next owner has the document',
    );
  });
}

test('a database that takes too short packets is refused in words', async (t) => {
  const server = await startSqlServer(t, 'mariadb', { settings: { 'max-allowed-packet': '2M' } });
  const settings = databaseSettingsOf(await server.createDatabase());
  await assert.rejects(openSqlDocuments(settings, 2), /max_allowed_packet of the database is 2097152/);
  await assert.rejects(openSqlRosters(settings, 2), /it has to be 4194304 or more/);
});

test('a roster that no packet takes is refused with the reason, and the store goes on', async (t) => {
  const server = await sharedSqlServer('mariadb');
  const rosters = await openSqlRosters(databaseSettingsOf(await server.createDatabase()), 2);
  t.after(async () => await rosters.close());
  await rosters.claim(ref);
  const large = { birth: 7, bytes: randomBytes(16_777_216) };
  await assert.rejects(rosters.save(ref, large), (error: AppError) => {
    assert.match(String(error.facts['reason']), /more than max_allowed_packet/);
    return error.code === 'roster-unavailable';
  });
  const fitting = { birth: 7, bytes: randomBytes(16_000_000) };
  assert.deepEqual(await rosters.save(ref, fitting), { kind: 'written' });
});
