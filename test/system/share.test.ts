/**
 * `mooring share`: a folder of one machine as the files of a session. Real processes behind a real front door, guests of the
 * stock client libraries.
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '../support/oct-inbox.ts';
import { openPool } from '../support/pool.ts';
import { enterEditor, makeFolder, shareFolder } from '../support/share-host.ts';

const { pool, close } = openPool();
before(async () => await pool.waitUntilReady());
after(close);

test('a guest sees the folder, edits a file, and finds it written back as it was but for the edit', async (t) => {
  const folder = makeFolder(t, { 'src/a.txt': '\ufeffone\r\ntwo\r\n', 'b.txt': 'b\n', '.env': 'SECRET=1\n' });
  const { host, key } = await shareFolder(t, pool.url, { folder });
  const bob = await enterEditor(t, pool.url, key);
  const { fs } = bob.member.connection;
  assert.deepEqual(await fs.readdir(bob.hostId, 'project'), { src: 2, 'b.txt': 1 });
  assert.deepEqual(await fs.readdir(bob.hostId, 'project/src'), { 'a.txt': 1 });
  assert.equal((await fs.stat(bob.hostId, 'project/src')).type, 2);
  await assert.rejects(fs.readFile(bob.hostId, 'project/.env'), /ENOENT/);

  const text = await bob.open('project/src/a.txt', 'one\ntwo\n');
  text.insert(4, 'and a half\n');
  const path = join(folder, 'src/a.txt');
  await eventually(
    () => readFileSync(path, 'utf8') === '\ufeffone\r\nand a half\r\ntwo\r\n',
    'it is written',
  );

  writeFileSync(path, '\ufeffzero\r\none\r\nand a half\r\ntwo\r\n');
  await eventually(
    () => text.toJSON() === 'zero\none\nand a half\ntwo\n',
    'the disk’s change is in the session',
  );
  assert.equal(statSync(path).isFile(), true);
  text.insert(0, 'last word\n');
  assert.equal(await host.stop(), 0, host.errors);
  assert.match(readFileSync(path, 'utf8'), /last word/);
  await bob.member.events.next((event) => event.kind === 'closed', 'the end of the session');
});
