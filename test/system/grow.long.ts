/** A pool that began with SQLite files goes on with PostgreSQL, and so do the sessions of unmodified clients. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/oct-inbox.ts';
import { enterPoolGuest, enterPoolHost } from '../support/oct-moves.ts';
import { hears } from '../support/oct-session.ts';
import { openPool, startPool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';
import { databaseSettingsOf } from '../support/sql/database-settings.ts';
import { sharedSqlServer } from '../support/sql/sql-server.ts';
import { openDocument } from '../support/y-document.ts';

void test('sessions go on after a pool was moved from SQLite to PostgreSQL by export and import', async (t) => {
  const server = await sharedSqlServer('postgresql');
  const { tls: _, ...database } = databaseSettingsOf(await server.createDatabase());
  const config = { CT_LOCATOR_CONFIG: JSON.stringify({ database }) };
  const { pool: before, close } = openPool({ env: { CT_EDGES: '2' } });
  t.after(close);
  await before.waitUntilReady();
  const { dataDir, ports } = before;
  const ann = await enterPoolHost(t, before, { readers: ['rea'] });
  const rea = await enterPoolGuest(t, before, { key: ann.key, name: 'rea' });
  const writer = await openDocument(t, before.url, { key: 'grown', name: 'notes' });
  const reader = await openDocument(t, before.url, { key: 'grown', name: 'notes' });
  writer.text.insert(0, 'from the file');
  await eventually(() => reader.text.toJSON() === 'from the file', 'the edit has arrived');
  const owner = await before.where(ann.key);
  const known = [ann, rea].map(({ events }) => events.items.length);
  assert.equal(await before.stop(), undefined);

  const file = `${dataDir}/pool.dump`;
  const run = async (env: Record<string, string>, ...args: string[]): Promise<void> => {
    const { code, stderr } = await runCommand(t, ['db', ...args], { CT_DATA_DIR: dataDir, ...env });
    assert.equal(code, 0, stderr);
  };
  await run({}, 'export', file);
  await run(config, 'import', file);
  await run(config, 'check');

  const env = { CT_EDGES: '2', CT_HTTP_PORT: String(ports['http']), ...config };
  const after = await startPool(t, { dataDir, env });
  for (const [i, member] of [ann, rea].entries()) {
    const back = await member.events.after(
      known[i]!,
      (event) => event.kind === 'identity',
      'the introduction',
    );
    assert.deepEqual(back.kind === 'identity' && back.peer, member.self, 'as the same peer');
  }
  await rea.connection.chat.sendMessage('still here');
  await hears(ann, rea, 'still here');
  reader.text.insert(0, 'now ');
  await eventually(() => writer.text.toJSON() === 'now from the file', 'the document goes on');
  const late = await openDocument(t, after.url, { key: 'grown', name: 'notes' });
  await eventually(() => late.text.toJSON() === 'now from the file', 'the document is in PostgreSQL');
  assert.ok((await after.where(ann.key)).epoch > owner.epoch);
  const [[documents]] = (await server.ask(
    'SELECT count(*) FROM mooring_document_session',
    database.schema,
  )) as [[string]];
  assert.equal(Number(documents), 1);
});
