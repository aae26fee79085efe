/** A host's files while others edit them: what is deleted stays away, and no write is overtaken by one before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Store } from '../store.ts';
import type { SharedFolder } from './folder.ts';
import { HostDuty } from './host-duty.ts';
import { MemoryFolder } from './memory-folder.ts';
import type { SessionView } from './session-view.ts';
import { SharedDocuments } from './shared-documents.ts';

const workspace = { name: 'root', folders: ['root'] };

interface Host {
  readonly duty: HostDuty;
  readonly type: (path: string, text: string) => void;
  readonly share: (path: string) => Promise<void>;
  readonly shown: (path: string) => string;
  readonly told: readonly string[];
}

function openHost(t: TestContext, folder: SharedFolder): Host {
  const documents = new SharedDocuments();
  t.after(() => documents.close());
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const told: string[] = [];
  const tell = (text: string): void => void told.push(text);
  const store = new Store({} as SessionView);
  const duty = new HostDuty(folder, workspace);
  const session = { store, documents, noteChanges: () => undefined, tell };
  return {
    duty,
    type: (path, text) => documents.text(path).insert(0, text),
    share: async (path) => duty.shareText(session, path, new TextDecoder().decode(await folder.read(path))),
    shown: (path) => documents.text(path).toJSON(),
    told,
  };
}

async function textOf(folder: SharedFolder, path: string): Promise<string> {
  return new TextDecoder().decode(await folder.read(path));
}

test('what is typed is written back, into the file’s new name, too, and a deleted file stays away', async (t) => {
  const folder = new MemoryFolder('root', { 'a.txt': 'a', 'b.txt': 'b' });
  const { duty, type, share, told } = openHost(t, folder);
  for (const path of ['root/a.txt', 'root/b.txt']) await share(path);
  type('root/a.txt', 'typed ');
  await duty.folder.rename('root/a.txt', 'root/c.txt');
  type('root/b.txt', 'typed ');
  await duty.folder.remove('root/b.txt');
  type('root/b.txt', 'still open ');
  t.mock.timers.tick(10_000);
  await duty.folder.makeFolder('root/after');
  const names = (await folder.list('root')).map(({ name }) => name);
  assert.deepEqual(names.toSorted(), ['after', 'c.txt']);
  assert.equal(await textOf(folder, 'root/c.txt'), 'typed a');
  assert.deepEqual(told, []);
});

test('a file that is made anew has nothing of the text of the one that was deleted', async (t) => {
  const folder = new MemoryFolder('root', { 'a.txt': 'old' });
  const { duty, type, share, shown } = openHost(t, folder);
  await share('root/a.txt');
  await duty.folder.remove('root/a.txt');
  await duty.folder.write('root/a.txt', new TextEncoder().encode('new'));
  await share('root/a.txt');
  assert.equal(shown('root/a.txt'), 'new');
  type('root/a.txt', 'typed ');
  t.mock.timers.tick(10_000);
  await duty.folder.makeFolder('root/after');
  assert.equal(await textOf(folder, 'root/a.txt'), 'typed new');
});

test('a slow write is not overtaken by the next one', async (t) => {
  const folder = new MemoryFolder('root', { 'a.txt': '' });
  const [begun, slow] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const write = folder.write.bind(folder);
  let writes = 0;
  folder.write = async (path, content) => {
    begun.resolve();
    if (++writes === 1) await slow.promise;
    await write(path, content);
  };
  const { duty, type, share } = openHost(t, folder);
  await share('root/a.txt');
  for (const word of ['first ', 'second ']) {
    type('root/a.txt', word);
    t.mock.timers.tick(10_000);
    await begun.promise;
  }
  slow.resolve();
  await duty.folder.makeFolder('root/after');
  assert.equal(await textOf(folder, 'root/a.txt'), 'second first ');
});
