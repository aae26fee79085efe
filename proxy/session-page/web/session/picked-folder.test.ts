/** A picked folder whose files are looked at while they are written, as browsers do it: in between the file is not there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PickedFolder } from './picked-folder.ts';

/** A folder with `a.txt`; while that is put into its place there is none, until `letPlace` is called. */
function openRoot(): { root: FileSystemDirectoryHandle; placing: Promise<void>; letPlace: () => void } {
  let text: string | undefined = 'old';
  const placing = Promise.withResolvers<void>();
  const mayPlace = Promise.withResolvers<void>();
  const notFound = (): Error => Object.assign(new Error('not there'), { name: 'NotFoundError' });
  const handle = {
    kind: 'file',
    getFile: async () =>
      await (text === undefined ? Promise.reject(notFound()) : Promise.resolve(new Blob([text]))),
    createWritable: async () =>
      await Promise.resolve({
        write: async () => await Promise.resolve(),
        close: async () => {
          text = undefined;
          placing.resolve();
          await mayPlace.promise;
          text = 'new';
        },
      }),
  };
  const root = {
    name: 'root',
    getFileHandle: async (_name: string, options?: { create: boolean }) =>
      await (text === undefined && options === undefined
        ? Promise.reject(notFound())
        : Promise.resolve(handle)),
    async *[Symbol.asyncIterator]() {
      if (text !== undefined) yield await Promise.resolve(['a.txt', handle]);
    },
  };
  return {
    root: root as unknown as FileSystemDirectoryHandle,
    placing: placing.promise,
    letPlace: () => mayPlace.resolve(),
  };
}

test('who reads, lists or writes while a file is written waits for that: it is never gone in between', async () => {
  const { root, placing, letPlace } = openRoot();
  const folder = new PickedFolder(root);
  const writing = folder.write('root/a.txt', new TextEncoder().encode('new'));
  await placing;
  const looks = Promise.all([
    folder.list('root'),
    folder.size('root/a.txt'),
    folder.read('root/a.txt').then((bytes) => new TextDecoder().decode(bytes)),
    folder.write('root/a.txt', new TextEncoder().encode('new')),
  ]);
  letPlace();
  await writing;
  assert.deepEqual(await looks, [[{ name: 'a.txt', isFolder: false }], 3, 'new', undefined]);
});
