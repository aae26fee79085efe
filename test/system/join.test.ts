/**
 * `mooring join`: the files of a session in folders of other machines, for any editor. Real processes on either side, behind
 * a real front door.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '../support/oct-inbox.ts';
import { openPool } from '../support/pool.ts';
import { joinFolder, makeFolder, shareFolder } from '../support/share-host.ts';

const { pool, close } = openPool();
before(async () => await pool.waitUntilReady());
after(close);

function isIn(content: string, ...paths: string[]): () => boolean {
  return () => paths.every((path) => existsSync(path) && readFileSync(path, 'utf8') === content);
}

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

test('while an edge is drained and the next one killed, what is saved in a mirror arrives at the host', async (t) => {
  const folder = makeFolder(t, { 'log.txt': '' });
  const { host, key } = await shareFolder(t, pool.url, { folder });
  const { guest, folder: mirror } = await joinFolder(t, pool.url, { key });
  const [theirs, ours] = [join(folder, 'log.txt'), join(mirror, 'log.txt')];
  // As an editor saves its buffer, which nobody else changes.
  let buffer = '';
  let lines = 0;
  const saving = setInterval(() => writeFileSync(ours, (buffer += `line ${(lines += 1)}\n`)), 50);
  t.after(() => clearInterval(saving));
  const arrives = async (line: number): Promise<void> =>
    await eventually(
      () => readFileSync(theirs, 'utf8').includes(`line ${line}\n`),
      `line ${line}`,
      waitMaxMs,
    );

  await arrives(5);
  const first = await pool.edgeOf(key);
  assert.equal((await pool.act('/admin/drain', { edge: first, deadlineSeconds: 60 })).status, 200);
  await eventually(async () => (await pool.where(key)).edge !== first, 'the session has moved', waitMaxMs);
  await arrives(lines + 10);
  const second = (await pool.where(key)).edge;
  process.kill(await pool.childPid(second), 'SIGKILL');
  await eventually(async () => (await pool.where(key)).edge !== second, 'somebody took it over', waitMaxMs);
  await arrives(lines + 10);
  clearInterval(saving);
  assert.equal(await guest.stop(), 0, guest.errors);
  await eventually(isIn(buffer, theirs), 'all is there', waitMaxMs);
  assert.equal(await host.stop(), 0, host.errors);
});

/** The client library gives up after 30 s; a takeover with its back-off is a third of that on an idle machine. */
const waitMaxMs = 60_000;
