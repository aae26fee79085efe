/** `mooring db`: what it finds wrong with stores, and that no dump that is not whole is taken in. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { DatabaseSettings } from '#shared/sql/database-settings.ts';
import { portableDirectory } from '../../proxy/directory/portable-directory.ts';
import { directoryContent } from '../support/directory-content.ts';
import { dumpOf, filePlace, fill } from '../support/portable-trip.ts';
import { eventually } from '../support/oct-inbox.ts';
import { startPool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';
import type { RunResult } from '../support/run-command.ts';
import { databaseSettingsOf } from '../support/sql/database-settings.ts';
import { sharedSqlServer, startSqlServer } from '../support/sql/sql-server.ts';
import { openDocument } from '../support/y-document.ts';

type Where = { readonly dataDir: string; readonly database?: DatabaseSettings | undefined };

/** The command on the stores of a place; the database is configured as administrators do it. */
async function db(t: TestContext, { dataDir, database }: Where, ...args: string[]): Promise<RunResult> {
  const { tls, ...server } = database ?? { tls: undefined };
  const secure = tls === undefined ? {} : { sslEnabled: true, sslMode: tls.mode, sslCA: tls.ca };
  const config = database === undefined ? {} : { database: { ...server, ...secure } };
  const env = { CT_DATA_DIR: dataDir, CT_LOCATOR_CONFIG: JSON.stringify(config) };
  return await runCommand(t, ['db', ...args], env);
}

/** A dump of a directory with something in it. */
async function makeDump(t: TestContext): Promise<{ path: string; text: Buffer }> {
  const place = filePlace(t);
  await fill(place, portableDirectory, fc.sample(directoryContent, 1)[0]!);
  const path = join(place.dataDir, 'pool.dump');
  assert.equal((await db(t, place, 'export', path)).code, 0);
  return { path, text: gunzipSync(readFileSync(path)) };
}

void test('a dump that is cut short, altered, of another program or longer than it was is refused, and nothing is written', async (t) => {
  const { path, text } = await makeDump(t);
  const packed = readFileSync(path);
  const lines = text.toString('utf8').split('\n');
  const damaged: Readonly<Record<string, Buffer>> = {
    'half of the file': packed.subarray(0, packed.byteLength / 2),
    'without its last line': gzipSync(lines.slice(0, -2).join('\n') + '\n'),
    'one digit of one row': gzipSync(text.toString('utf8').replace(/"weight":\d/, '"weight":9x')),
    'a row twice': gzipSync([...lines.slice(0, 3), lines[2]!, ...lines.slice(3)].join('\n')),
    'rows behind the checksum': gzipSync(`${text.toString('utf8')}${lines[2]}\n`),
    'no dump': gzipSync('{"some":"file"}\n'),
    'of a newer program': gzipSync(text.toString('utf8').replace('"format":1', '"format":2')),
    'not gzip': text,
  };
  for (const [what, bytes] of Object.entries(damaged)) {
    const to = filePlace(t);
    const bad = join(to.dataDir, 'bad.dump');
    writeFileSync(bad, bytes);
    const { code, stderr } = await db(t, to, 'import', bad);
    assert.equal(code, 1, what);
    assert.match(stderr, /bad\.dump/, what);
    assert.match((await db(t, to, 'check')).stdout, /directory +note: is not there yet/, what);
  }
});

void test('a store that has something is imported into only with --replace, and then has the dump and nothing else', async (t) => {
  const { path } = await makeDump(t);
  const to = filePlace(t);
  const own = fc.sample(directoryContent, 1)[0]!;
  await fill(to, portableDirectory, own);
  const before = await dumpOf(to, portableDirectory, join(to.dataDir, 'before.dump'));
  const refused = await db(t, to, 'import', path);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /directory is not empty .*--replace/);
  const after = await dumpOf(to, portableDirectory, join(to.dataDir, 'after.dump'));
  assert.deepEqual(after, before);
  assert.equal((await db(t, to, 'import', path, '--replace')).code, 0);
  const replaced = await dumpOf(to, portableDirectory, join(to.dataDir, 'replaced.dump'));
  assert.equal(replaced.rows['pin']?.length, countPins(path));
});

function countPins(path: string): number {
  return gunzipSync(readFileSync(path)).toString('utf8').split('{"table":"pin"').length - 1;
}

for (const product of ['mariadb', 'postgresql'] as const) {
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

void test('check names what of a MariaDB would break a pool', async (t) => {
  const server = await startSqlServer(t, 'mariadb', {
    settings: { 'max-allowed-packet': '1M', 'log-bin': 'bin', 'binlog-format': 'STATEMENT' },
  });
  const database = databaseSettingsOf(await server.createDatabase());
  const { stdout, code } = await db(t, { ...filePlace(t), database }, 'check');
  assert.equal(code, 1);
  assert.match(stdout, /packet +FAULT: max_allowed_packet is 1048576/);
  assert.match(stdout, /isolation +FAULT: binlog_format is STATEMENT/);
});

void test('check finds a user who may not write', async (t) => {
  const server = await sharedSqlServer('mariadb');
  const address = await server.createDatabase();
  const place = { ...filePlace(t), database: databaseSettingsOf(address) };
  assert.equal((await db(t, place, 'migrate')).code, 0);
  await server.ask("CREATE USER 'reader'@'%' IDENTIFIED BY 'reader'");
  await server.ask(`GRANT SELECT ON ${address.database}.* TO 'reader'@'%'`);
  const asReader = { ...place, database: { ...place.database, user: 'reader', password: 'reader' } };
  const { stdout, code } = await db(t, asReader, 'check');
  assert.equal(code, 1);
  assert.match(stdout, /directory +FAULT: cannot be written .*give reader all rights/);
});

void test('a pool that runs is checked and exported, and not imported into', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '1' } });
  const place = { dataDir: pool.dataDir };
  const writer = await openDocument(t, pool.url, { key: 'kept', name: 'notes' });
  const reader = await openDocument(t, pool.url, { key: 'kept', name: 'notes' });
  writer.text.insert(0, 'while it runs');
  await eventually(() => reader.text.toJSON() === 'while it runs', 'the edit is stored');
  const { code, stdout } = await db(t, place, 'check');
  assert.equal(code, 0, stdout);
  for (const rows of ['directory .*pin 1', 'documents .*session 1, update 1', 'rosters ', 'journal '])
    assert.match(stdout, new RegExp(rows));
  const path = join(pool.dataDir, 'running.dump');
  assert.equal((await db(t, place, 'export', path)).code, 0);
  const refused = await db(t, place, 'import', path, '--replace');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /a front door serves from this directory/);
  const to = filePlace(t);
  assert.equal((await db(t, to, 'import', path)).code, 0);
  assert.match((await db(t, to, 'check')).stdout, /documents .*session 1, update 1/);
});

void test('check finds a file that a newer program wrote, and says what is to be done', async (t) => {
  const place = filePlace(t);
  await fill(
    place,
    { ...portableDirectory, migrateFile: (file) => void file.pragma('user_version = 99') },
    {},
  ).catch(() => undefined);
  const { stdout, code } = await db(t, place, 'check');
  assert.equal(code, 1);
  assert.match(stdout, /directory +FAULT: has schema version 99.*newer program/);
});
