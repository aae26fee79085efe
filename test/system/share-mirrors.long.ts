/** `mooring join` in two folders at once: whatever changes in one of them or at the host is in all three. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '../support/oct-inbox.ts';
import { openPool } from '../support/pool.ts';
import { isIn, joinFolder, makeFolder, shareFolder } from '../support/share-host.ts';

const { pool, close } = openPool();
before(async () => await pool.waitUntilReady());
after(close);

test('two mirrors and the host’s folder stay the same, whoever changes what', async (t) => {
  const folder = makeFolder(t, {
    'src/a.txt': 'one\r\ntwo\r\n',
    'image.bin': new Uint8Array([0, 1, 2, 255]),
    '.gitignore': 'out\n',
    'out/x': 'x',
    'empty.txt': '',
  });
  const { host, key } = await shareFolder(t, pool.url, { folder });
  const [cid, dan] = await Promise.all([
    joinFolder(t, pool.url, { key, name: 'cid' }),
    joinFolder(t, pool.url, { key, name: 'dan' }),
  ]);
  await cid.guest.next('folder.fetched', { isListed: true, isDone: true });
  const everywhere = (path: string): [string, string, string] => [
    join(folder, path),
    join(cid.folder, path),
    join(dan.folder, path),
  ];
  for (const path of ['src/a.txt', 'image.bin', 'empty.txt'])
    assert.deepEqual(readFileSync(join(cid.folder, path)), readFileSync(join(folder, path)), path);
  assert.equal(existsSync(join(cid.folder, 'out')), false);

  writeFileSync(join(cid.folder, 'src/a.txt'), 'zero\r\none\r\ntwo\r\n');
  await eventually(
    isIn('zero\r\none\r\ntwo\r\n', ...everywhere('src/a.txt')),
    'an edit in a mirror is everywhere',
  );
  writeFileSync(join(dan.folder, 'src/a.txt'), 'zero\r\none\r\ntwo\r\nthree\r\n');
  writeFileSync(join(folder, 'src/a.txt'), 'zero\r\nhalf\r\none\r\ntwo\r\n');
  const merged = 'zero\r\nhalf\r\none\r\ntwo\r\nthree\r\n';
  await eventually(isIn(merged, ...everywhere('src/a.txt')), 'edits on two sides at once are merged');

  writeFileSync(join(dan.folder, 'empty.txt'), 'no more\n');
  await eventually(isIn('no more\n', ...everywhere('empty.txt')), 'an empty file is filled everywhere');
  writeFileSync(join(dan.folder, 'image.bin'), '\0binary');
  await eventually(isIn('\0binary', ...everywhere('image.bin')), 'what no editor merges goes as a whole');
  mkdirSync(join(cid.folder, 'new/deep'), { recursive: true });
  writeFileSync(join(cid.folder, 'new/deep/b.txt'), 'b\n');
  await eventually(isIn('b\n', ...everywhere('new/deep/b.txt')), 'a new folder is everywhere');
  rmSync(join(dan.folder, 'new'), { recursive: true });
  await eventually(
    () => everywhere('new/deep/b.txt').every((path) => !existsSync(path)),
    'and gone everywhere',
  );
  mkdirSync(join(cid.folder, 'out'));
  writeFileSync(join(cid.folder, 'out/mine'), 'mine');

  writeFileSync(join(cid.folder, 'src/a.txt'), `${merged}last\r\n`);
  assert.equal(await cid.guest.stop(), 0, cid.guest.errors);
  await eventually(
    isIn(`${merged}last\r\n`, join(folder, 'src/a.txt')),
    'what was saved last before Ctrl-C is there',
  );
  assert.equal(await host.stop(), 0, host.errors);
  assert.equal((await dan.guest.next('session.ended'))['reason'], 'closed');
  assert.equal(await dan.guest.exited(), 0, dan.guest.errors);
  assert.equal(readFileSync(join(dan.folder, 'src/a.txt'), 'utf8'), `${merged}last\r\n`);
  assert.equal(existsSync(join(folder, 'out/mine')), false);
});
