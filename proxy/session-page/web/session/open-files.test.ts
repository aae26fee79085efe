/** Files in tabs while their texts are on their way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { MemoryFolder } from './memory-folder.ts';
import { OpenFiles } from './open-files.ts';
import { SharedDocuments } from './shared-documents.ts';

function openFiles(t: TestContext): {
  folder: MemoryFolder;
  files: OpenFiles;
  documents: SharedDocuments;
  letRead: () => void;
  asked: string[];
} {
  const folder = new MemoryFolder('root', { 'a.txt': 'text' });
  const reading = Promise.withResolvers<void>();
  const read = folder.read.bind(folder);
  folder.read = async (path) => {
    await reading.promise;
    return await read(path);
  };
  const documents = new SharedDocuments();
  t.after(() => documents.close());
  const asked: string[] = [];
  const files = new OpenFiles({ folder, documents, askForText: (path) => void asked.push(path) });
  t.after(() => files.closeUnready());
  return { folder, files, documents, letRead: () => reading.resolve(), asked };
}

test('a file whose tab is closed while it loads does not come back', async (t) => {
  const { files, letRead, asked } = openFiles(t);
  const opening = files.open('root/a.txt');
  files.close('root/a.txt');
  letRead();
  await opening;
  assert.deepEqual([files.store.value, asked], [{ files: [], active: undefined }, []]);
});

test('a file’s picture is shown until its text comes, which is asked for again until then', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { files, documents, letRead, asked } = openFiles(t);
  documents.awareness.setLocalState({ peer: 'me' });
  letRead();
  const states = (): string[] => files.store.value.files.map(({ state }) => state);
  await files.open('root/a.txt');
  assert.deepEqual([states(), asked.length], [['waiting'], 1]);
  t.mock.timers.tick(3_000);
  assert.equal(asked.length, 2);
  documents.text('root/a.txt').insert(0, 'text');
  assert.deepEqual(states(), ['ready']);
  t.mock.timers.tick(30_000);
  assert.equal(asked.length, 2);
});

test('what waits for its text when the session ends asks for it no more', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { files, documents, letRead, asked } = openFiles(t);
  documents.awareness.setLocalState({ peer: 'me' });
  letRead();
  await files.open('root/a.txt');
  files.closeUnready();
  documents.close();
  t.mock.timers.tick(30_000);
  assert.deepEqual([files.store.value.files, asked], [[], ['root/a.txt']]);
});

test('a text whose file the host has no more takes no keys until the file is back', async (t) => {
  const { folder, files, documents, letRead, asked } = openFiles(t);
  documents.awareness.setLocalState({ peer: 'me' });
  letRead();
  documents.text('root/a.txt').insert(0, 'text');
  await files.open('root/a.txt');
  const states = (): string[] => files.store.value.files.map(({ state }) => state);
  assert.deepEqual(states(), ['ready']);
  await folder.remove('root/a.txt');
  await files.note([{ path: 'root/a.txt', isGone: true }]);
  await files.open('root/a.txt');
  assert.deepEqual(states(), ['gone']);
  // What is told of it may be older than what became of it since.
  await files.note([{ path: 'root/a.txt', isGone: false }]);
  assert.deepEqual([states(), asked.length], [['gone'], 1]);
  await folder.write('root/a.txt', new TextEncoder().encode('anew'));
  await files.note([{ path: 'root/a.txt', isGone: false }]);
  assert.deepEqual([states(), asked.length], [['ready'], 2]);
  await files.note([{ path: 'root', isGone: true }]);
  files.closeUnready();
  assert.deepEqual(states(), ['gone'], 'its text can be copied');
});
