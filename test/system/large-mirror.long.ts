/** `mooring join` of a folder that is larger than what a mirror keeps in memory of it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '../support/oct-inbox.ts';
import { openPool } from '../support/pool.ts';
import { enterEditor, isIn, joinFolder, makeFolder, shareFolder } from '../support/share-host.ts';

const { pool, close } = openPool();
before(async () => await pool.waitUntilReady());
after(close);

test('a mirror of more than it keeps in memory merges all the same, and says how far it is', async (t) => {
  const large = Array.from({ length: 9 }, (_, n) => [`large/${n}.txt`, `${n}`.repeat(1_048_576)] as const);
  const folder = makeFolder(t, { 'a.txt': 'one\n', 'b.txt': 'one\n', ...Object.fromEntries(large) });
  const { host, key } = await shareFolder(t, pool.url, { folder });
  const [{ folder: mirrored, guest }, bob] = await Promise.all([
    joinFolder(t, pool.url, { key, flags: ['--files-max', '11'] }),
    enterEditor(t, pool.url, key),
  ]);
  const fetched = { files: 11, found: 11, folders: 2, skipped: 0, bytes: 9 * 1_048_576 + 8 };
  await guest.next('folder.fetched', { ...fetched, isListed: true, isDone: true });

  writeFileSync(join(mirrored, 'a.txt'), 'one\nmine\n');
  await guest.next('file.sent', { path: 'project/a.txt' });
  const text = await bob.open('project/b.txt', 'one\n');
  await guest.next('file.opened', { path: 'project/b.txt' });
  text.insert(0, 'typed\n');
  await eventually(isIn('typed\none\n', join(mirrored, 'b.txt'), join(folder, 'b.txt')), 'it is written');
  await eventually(isIn('one\nmine\n', join(folder, 'a.txt')), 'what was saved is at the host');
  assert.equal(await guest.stop(), 0, guest.errors);
  assert.equal(await host.stop(), 0, host.errors);
});
