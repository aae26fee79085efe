/** Files in the page of their host: what a path may name, and what becomes of what is below it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryFolder } from './memory-folder.ts';

const bytes = new TextEncoder().encode('text');

test('what is written is read and listed, and goes along when its folder is renamed', async () => {
  const folder = new MemoryFolder('root', { 'a.txt': 'text' });
  await folder.makeFolder('root/b');
  await folder.write('root/b/c.txt', bytes);
  await folder.rename('root/b', 'root/d');
  assert.deepEqual(await folder.list('root'), [
    { name: 'a.txt', isFolder: false },
    { name: 'd', isFolder: true },
  ]);
  assert.deepEqual(await folder.read('root/d/c.txt'), bytes);
  assert.equal(await folder.size('root/a.txt'), 4);
  await folder.remove('root/d');
  await assert.rejects(folder.read('root/d/c.txt'), /ENOENT/);
});

test('a path leads nowhere but below the folder, and nothing is put over something else', async () => {
  const folder = new MemoryFolder('root', { 'a.txt': 'text', 'b.txt': 'text' });
  for (const path of [
    'other/a.txt',
    'root/../a.txt',
    'root//a.txt',
    'root/./a.txt',
    '/root/a.txt',
    'root/none/a.txt',
    '',
  ])
    await assert.rejects(folder.write(path, bytes), /ENOENT|EINVAL/, path);
  await assert.rejects(folder.write('root/a.txt/b', bytes), /ENOTDIR/);
  await assert.rejects(folder.rename('root/a.txt', 'root/b.txt'), /EEXIST/);
  await assert.rejects(folder.makeFolder('root/a.txt'), /EEXIST/);
  await assert.rejects(folder.list('root/a.txt'), /ENOTDIR/);
  await folder.makeFolder('root/c');
  for (const path of ['root', 'root/c']) await assert.rejects(folder.rename(path, `${path}/d`), /EINVAL/);
  await assert.rejects(folder.remove('root'), /EPERM/);
});
