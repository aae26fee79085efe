/** What a mirror remembers: every file, and of their contents no more than a bound. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, MirroredFiles } from './mirrored-files.ts';

const signature = { inode: 1n, size: 1n, changedNs: 1n };
const megabyte = 1_048_576;

test('of 20 files of a megabyte all are known, and the contents of those that were used last are kept', () => {
  const files = new MirroredFiles();
  const contents = Array.from({ length: 20 }, (_, n) => new Uint8Array(megabyte).fill(n));
  for (const [n, content] of contents.entries()) {
    files.remember(`${n}`, content, signature);
    assert.deepEqual(files.contentOf('0'), contents[0], 'what is used stays');
    assert.ok(files.keptBytes <= 8 * megabyte);
  }
  assert.equal(files.size, 20);
  assert.deepEqual(
    contents.map((_, n) => n).filter((n) => files.contentOf(`${n}`) !== undefined),
    [0, 13, 14, 15, 16, 17, 18, 19],
  );
  assert.equal(files.get('5')!.digest, digestOf(contents[5]!));
  const message = new Uint8Array(megabyte);
  files.remember('part', message.subarray(0, 3), signature);
  assert.equal(files.contentOf('part')!.buffer.byteLength, 3, 'not the message that it came in');
  files.remember('0', new Uint8Array(megabyte + 1), signature);
  assert.equal(files.contentOf('0'), undefined);
  assert.equal(files.get('0')!.isMergeable, false);
  files.forget('19');
  assert.deepEqual([files.has('19'), files.keptBytes], [false, 6 * megabyte + 3]);
});
