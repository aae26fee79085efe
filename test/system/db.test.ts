/** `mooring db`: what it finds wrong with stores, and that no dump that is not whole is taken in. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { portableDirectory } from '../../proxy/directory/portable-directory.ts';
import { db, testServerCheck } from '../support/db-command.ts';
import { directoryContent } from '../support/directory-content.ts';
import { dumpOf, filePlace, fill } from '../support/portable-trip.ts';
import { eventually } from '../support/oct-inbox.ts';
import { startPool } from '../support/pool.ts';
import { databaseSettingsOf } from '../support/sql/database-settings.ts';
import { sharedSqlServer, startSqlServer } from '../support/sql/sql-server.ts';
import { openDocument } from '../support/y-document.ts';

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
    assert.deepEqual(
      readdirSync(to.dataDir).filter((name) => name.endsWith('.sqlite')),
      [],
      what,
    );
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

testServerCheck('postgresql');

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
