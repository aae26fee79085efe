/** The open files of a session: what comes of them when they go, come back, or cannot be written. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import * as Y from 'yjs';
import { SharedFiles } from './shared-files.ts';
import { SharedFolder } from './shared-folder.ts';

interface Opened {
  files: SharedFiles;
  folder: SharedFolder;
  doc: Y.Doc;
  told: readonly string[];
}

async function openFiles(t: TestContext): Promise<Opened> {
  const path = mkdtempSync(join(tmpdir(), 'mooring-files-'));
  t.after(() => rmSync(path, { recursive: true }));
  const rules = { include: [], includeSecrets: [], exclude: [] };
  const options = { rules, usesIgnoreFiles: true, isReadOnly: false, keepsRules: true, name: 'project' };
  const folder = await SharedFolder.open(path, options);
  const doc = new Y.Doc();
  const told: string[] = [];
  const files = new SharedFiles({ folder, doc, origin: {}, tell: ({ event }) => void told.push(event) });
  t.after(async () => await files.close());
  return { files, folder, doc, told };
}

test('a file that was removed and made anew has its new content alone in the document', async (t) => {
  const { files, folder, doc } = await openFiles(t);
  const path = join(folder.root, 'a.txt');
  writeFileSync(path, 'old\n');
  assert.equal(await files.open('project/a.txt', 'bob'), undefined);
  assert.equal(doc.getText('project/a.txt').toJSON(), 'old\n');
  rmSync(path);
  files.forget('project/a.txt');
  writeFileSync(path, 'new\n');
  assert.equal(await files.open('project/a.txt', 'bob'), undefined);
  assert.equal(doc.getText('project/a.txt').toJSON(), 'new\n');
  await files.save('project/a.txt');
  assert.equal(readFileSync(path, 'utf8'), 'new\n');
});

test('a file that is removed on the disk while it is open is called gone, not merged, and is made anew by who types', async (t) => {
  const { files, folder, doc, told } = await openFiles(t);
  const path = join(folder.root, 'a.txt');
  writeFileSync(path, 'old\n');
  assert.equal(await files.open('project/a.txt', 'bob'), undefined);
  rmSync(path);
  await files.look('project/a.txt');
  assert.deepEqual(told, ['file.opened', 'file.gone']);
  doc.getText('project/a.txt').insert(0, 'typed ');
  await files.save('project/a.txt');
  assert.equal(readFileSync(path, 'utf8'), 'typed old\n');
});

test('what somebody typed before the host had opened the file is kept beside its content', async (t) => {
  const { files, folder, doc } = await openFiles(t);
  writeFileSync(join(folder.root, 'a.txt'), 'file\n');
  doc.getText('project/a.txt').insert(0, 'early\n');
  assert.equal(await files.open('project/a.txt', 'bob'), undefined);
  assert.deepEqual(doc.getText('project/a.txt').toJSON().split('\n').toSorted(), ['', 'early', 'file']);
});

test('at the end, what cannot take its file’s place is kept beside it', async (t) => {
  const { files, folder, doc } = await openFiles(t);
  const path = join(folder.root, 'a.txt');
  writeFileSync(path, 'text\n');
  assert.equal(await files.open('project/a.txt', 'bob'), undefined);
  writeFileSync(path, new Uint8Array([0, 1, 2]));
  doc.getText('project/a.txt').insert(0, 'typed ');
  assert.deepEqual(files.unsaved, ['project/a.txt']);
  const failed = await files.close();
  assert.deepEqual(
    failed.map((each) => each.path),
    ['project/a.txt'],
  );
  assert.deepEqual(new Uint8Array(readFileSync(path)), new Uint8Array([0, 1, 2]));
  assert.equal(readFileSync(`${path}.unsaved`, 'utf8'), 'typed text\n');
});

test('one document is opened once, however many ask at the same time', async (t) => {
  const { files, folder, doc } = await openFiles(t);
  writeFileSync(join(folder.root, 'a.txt'), 'once\n');
  await Promise.all(['bob', 'cid', 'dan'].map(async (member) => await files.open('project/a.txt', member)));
  assert.equal(doc.getText('project/a.txt').toJSON(), 'once\n');
  assert.ok(files.isOpenFor('project/a.txt', 'dan'));
});
