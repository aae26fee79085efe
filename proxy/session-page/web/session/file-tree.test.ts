/** The tree of files: asks for a folder when it is opened, sorts it, and is not drowned by a large one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileTree, rowsOf } from './file-tree.ts';
import { MemoryFolder } from './memory-folder.ts';

test('folders stand before files, and only what is open is shown', async () => {
  const folder = new MemoryFolder('root', { 'b.txt': '', 'a.txt': '' });
  await folder.makeFolder('root/z');
  await folder.write('root/z/inner.txt', new Uint8Array());
  const tree = new FileTree(folder);
  await tree.show(['root']);
  const names = (): string[] => rowsOf(tree.store.value).map(({ name }) => name);
  assert.deepEqual(names(), ['root', 'z', 'a.txt', 'b.txt']);
  await tree.open('root/z');
  assert.deepEqual(names(), ['root', 'z', 'inner.txt', 'a.txt', 'b.txt']);
  await folder.write('root/z/other.txt', new Uint8Array());
  await tree.refresh(['root/z/other.txt', 'root/closed/x.txt']);
  assert.deepEqual(names(), ['root', 'z', 'inner.txt', 'other.txt', 'a.txt', 'b.txt']);
  tree.close('root/z');
  assert.deepEqual(names(), ['root', 'z', 'a.txt', 'b.txt']);
});

test('of a very large folder the first thousand are shown, and how many there are more', async () => {
  const files = Object.fromEntries(Array.from({ length: 1_234 }, (_, n) => [`${n}.txt`, '']));
  const tree = new FileTree(new MemoryFolder('root', files));
  await tree.show(['root']);
  const rows = rowsOf(tree.store.value);
  assert.equal(rows.length, 1_001);
  assert.equal(rows[0]!.folder!.hidden, 234);
});

test('a folder that cannot be read says why, and can be opened again', async () => {
  const folder = new MemoryFolder('root', {});
  const tree = new FileTree(folder);
  await tree.show(['root']);
  await tree.open('root/new');
  assert.match(tree.store.value.folders.get('root/new')!.fault!, /there is no/);
  await folder.makeFolder('root/new');
  await tree.open('root/new');
  assert.equal(tree.store.value.folders.get('root/new')!.fault, undefined);
});
