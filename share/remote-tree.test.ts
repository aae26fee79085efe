/** What a listing of a session bounds, and what it leaves out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RemoteTree } from './remote-tree.ts';

type Entries = ReadonlyMap<string, 'file' | 'folder'>;

function treeOf(list: (path: string) => Entries, bounds: { files: number; folders: number }): RemoteTree {
  const remote = {
    folder: 'project',
    stat: async (): Promise<{ type: 'folder' }> => await Promise.resolve({ type: 'folder' }),
    list: async (path: string): Promise<Entries> => await Promise.resolve(list(path)),
  };
  return new RemoteTree(remote, bounds.files, bounds.folders);
}

test('names that cannot be on a disk are left out, all others are found', async () => {
  const folders: Record<string, Entries> = {
    project: new Map([
      ['a', 'folder'],
      ['..', 'folder'],
      ['notes.md', 'file'],
    ]),
    'project/a': new Map([['b.ts', 'file']]),
  };
  const tree = treeOf((path) => folders[path]!, { files: 2, folders: 2 });
  await tree.look([[]]);
  assert.deepEqual(tree.files.toSorted(), ['project/a/b.ts', 'project/notes.md']);
  assert.deepEqual(tree.counts, { folders: 2, found: 2, isListed: true });
});

test('a host that names folders in folders without an end is told from one that has many', async () => {
  const tree = treeOf(() => new Map([['deeper', 'folder']]), { files: 10, folders: 100 });
  await assert.rejects(tree.look([[]]), /the session has more than 100 folders: say which with --only/);
  assert.equal(tree.folders.length, 100);
});

test('more files than are wanted are refused as soon as they are known', async () => {
  let asked = 0;
  const list = (): Entries => {
    asked++;
    return new Map([
      ['one.ts', 'file'],
      ['more', 'folder'],
    ]);
  };
  await assert.rejects(treeOf(list, { files: 5, folders: 100 }).look([[]]), /more files than --files-max/);
  assert.equal(asked, 6);
});
