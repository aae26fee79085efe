/** The SQLite directory: the conformance suite, and what a file must keep over restarts and programs. */
import assert from 'node:assert/strict';
import Database from 'better-sqlite3';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { testDirectoryHistories } from '../../test/support/directory-histories.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { keyOf, register, won } from './conformance-store.ts';
import type { DirectoryStore } from './conformance-store.ts';
import { testDirectory } from './directory-conformance.ts';
import { openSqliteDirectory } from './sqlite-directory.ts';

async function makeFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-directory-'));
  const remove = async (): Promise<void> => await rm(folder, { recursive: true });
  return { path: join(folder, 'directory.sqlite'), remove };
}

/** A path for a file of this test alone. */
async function makeFile(t: TestContext): Promise<string> {
  const { path, remove } = await makeFolder();
  t.after(remove);
  return path;
}

async function openStore(): Promise<DirectoryStore> {
  const { path, remove } = await makeFolder();
  return {
    open: async () => await openSqliteDirectory(path),
    letLeaseRunOut: async (directory, edge) =>
      await eventually(async () => await directory.isOver(edge), `the lease of ${edge.id} has run out`),
    remove,
  };
}

testDirectory(openStore);
testDirectoryHistories(openStore);

test('a file that is opened again has its edges, pins and leases, and goes on with the epochs', async (t) => {
  const path = await makeFile(t);
  const before = await openSqliteDirectory(path);
  const edge = await register(before, 'e1');
  const pin = won(await before.insertPin(keyOf('k1'), edge));
  await before.close();
  const after = await openSqliteDirectory(path);
  t.after(async () => await after.close());
  assert.deepEqual(await after.findPin(pin.key), pin);
  assert.deepEqual(await register(after, 'e1'), edge);
  assert.equal(await after.isOver(edge), false);
  assert.ok(won(await after.insertPin(keyOf('k2'), edge)).epoch > pin.epoch);
});

test('time in which no front door was there counts against no lease that ran before', async (t) => {
  const path = await makeFile(t);
  const before = await openSqliteDirectory(path);
  const kept = await register(before, 'e1');
  const over = await register(before, 'e2');
  await before.close();
  const file = new Database(path);
  const { value: clock } = file.prepare("SELECT value FROM counter WHERE name = 'clock'").get() as {
    value: number;
  };
  file.prepare("UPDATE counter SET value = ? WHERE name = 'clock'").run(clock - 60_000);
  file.prepare('UPDATE edge SET lease_until = ? WHERE id = ?').run(clock - 59_990, kept.id);
  file.prepare('UPDATE edge SET lease_until = ? WHERE id = ?').run(clock - 60_000, over.id);
  file.close();
  const after = await openSqliteDirectory(path);
  t.after(async () => await after.close());
  assert.equal(await after.isOver(kept), false);
  assert.equal(await after.isOver(over), true);
});

test('a front door that froze, or whose clock jumped, counts that time against no lease', async (t) => {
  const path = await makeFile(t);
  const directory = await openSqliteDirectory(path);
  t.after(async () => await directory.close());
  const edge = await register(directory, 'e1');
  const file = new Database(path);
  t.after(() => file.close());
  // As if all that is known had been so long ago.
  file.exec("UPDATE counter SET value = value - 3600000 WHERE name = 'clock'");
  file.exec('UPDATE edge SET lease_until = lease_until - 3600000');
  await directory.attend();
  assert.equal(await directory.isOver(edge), false);
});

test('after the host’s clock was set back an hour, leases run on and run out as before', async (t) => {
  const path = await makeFile(t);
  const directory = await openSqliteDirectory(path);
  t.after(async () => await directory.close());
  const edge = await register(directory, 'e1');
  const file = new Database(path);
  t.after(() => file.close());
  // As if all that is known had been told by a clock that was an hour ahead.
  file.exec("UPDATE counter SET value = value + 3600000 WHERE name = 'clock'");
  file.exec('UPDATE edge SET lease_until = lease_until + 3600000');
  await directory.attend();
  assert.equal(await directory.isOver(edge), false);
  await eventually(async () => {
    await directory.attend();
    return await directory.isOver(edge);
  }, 'the lease has run out');
});

test('a lease that nobody renews runs out while a front door is there', async (t) => {
  const directory = await openSqliteDirectory(await makeFile(t));
  t.after(async () => await directory.close());
  const edge = await register(directory, 'e1');
  await eventually(async () => {
    await directory.attend();
    return await directory.isOver(edge);
  }, 'the lease has run out');
});

test('a file that a newer program wrote is refused in words, and left as it is', async (t) => {
  const path = await makeFile(t);
  await (await openSqliteDirectory(path)).close();
  const file = new Database(path);
  file.pragma('user_version = 99');
  file.close();
  await assert.rejects(openSqliteDirectory(path), /schema version 99, this program knows \d+: use the newer/);
  const again = new Database(path);
  t.after(() => again.close());
  assert.equal(again.pragma('user_version', { simple: true }), 99);
});

test('several processes’ first openings of one file all succeed', async (t) => {
  const path = await makeFile(t);
  const opened = await Promise.all(Array.from({ length: 4 }, async () => await openSqliteDirectory(path)));
  t.after(async () => {
    for (const directory of opened) await directory.close();
  });
  for (const directory of opened) assert.equal(await directory.countPins(), 0);
});

test('a file URL names the same file as its path', async (t) => {
  const path = await makeFile(t);
  const [byPath, byUrl] = [
    await openSqliteDirectory(path),
    await openSqliteDirectory(pathToFileURL(path).href),
  ];
  t.after(async () => {
    await byPath.close();
    await byUrl.close();
  });
  const edge = await register(byPath, 'e1');
  assert.equal(await byUrl.isOver(edge), false);
});

test('a file that cannot be opened, or is no database, is refused with the reason', async (t) => {
  const path = await makeFile(t);
  await assert.rejects(openSqliteDirectory(join(path, 'no-such-folder', 'file')), /directory/);
  await writeFile(path, 'this is a text file and no database at all, however long it gets to be');
  await assert.rejects(openSqliteDirectory(path), /not a database/);
});

test('a directory that is closed refuses calls as unavailable', async (t) => {
  const directory = await openSqliteDirectory(await makeFile(t));
  await directory.close();
  await assert.rejects(
    directory.findPin(keyOf('k1')),
    (error) => error instanceof AppError && error.code === 'directory-unavailable',
  );
});
