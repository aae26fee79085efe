/**
 * A directory that is carried from a file to a database server, as tests that the caller names a product for: it gives no
 * epoch out twice, and nothing is taken in while somebody serves from it.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { importStores } from '#shared/dump/transfer.ts';
import { keyOf, register } from '../../proxy/directory/conformance-store.ts';
import { portableDirectory } from '../../proxy/directory/portable-directory.ts';
import { openSqlDirectory } from '../../proxy/directory/sql-directory.ts';
import { openSqliteDirectory } from '../../proxy/directory/sqlite-directory.ts';
import { dumpOf, filePlace, serverPlace } from './portable-trip.ts';
import type { SqlProductName } from './sql/sql-product.ts';

const tell = (): void => undefined;

/** Declares the tests. */
export function testDirectoryImport(product: SqlProductName): void {
  void test(`pins that a pool had are found on ${product}, and every epoch from there on is higher`, async (t) => {
    const from = filePlace(t);
    const file = await openSqliteDirectory(join(from.dataDir, 'directory.sqlite'));
    const edge = await register(file, 'edge-1');
    const placed = await file.insertPin(keyOf('a'), edge);
    const path = join(from.dataDir, 'pool.dump');
    await dumpOf(from, portableDirectory, path);
    // What the pool gives out after the dump was made is not in it.
    const late = (await file.reserveEpochs())[1];
    await file.close();

    const to = await serverPlace(t, product);
    await importStores(to, [portableDirectory], { path, replaces: false, tell });
    const server = await openSqlDirectory(to.database!);
    t.after(async () => await server.close());
    assert.ok(placed.kind === 'won');
    const { owner, epoch } = (await server.findPin(keyOf('a')))!;
    assert.deepEqual({ owner, epoch }, { owner: edge, epoch: placed.pin.epoch });
    assert.ok((await server.reserveEpochs())[0] > late);
  });

  void test(`a directory on ${product} from which a front door serves is not imported into`, async (t) => {
    const from = filePlace(t);
    const path = join(from.dataDir, 'pool.dump');
    const file = await openSqliteDirectory(join(from.dataDir, 'directory.sqlite'));
    await file.close();
    await dumpOf(from, portableDirectory, path);
    const to = await serverPlace(t, product);
    const served = await openSqlDirectory(to.database!);
    const attended: Promise<void>[] = [];
    const attending = setInterval(() => attended.push(served.attend()), 100);
    t.after(async () => {
      clearInterval(attending);
      await Promise.all(attended);
      await served.close();
    });
    await assert.rejects(
      importStores(to, [portableDirectory], { path, replaces: true, tell }),
      /a front door serves/,
    );
  });
}
