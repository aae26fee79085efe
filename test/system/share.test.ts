/**
 * `mooring share` and `mooring join`: a folder of one machine as the files of a session, and in folders of others. Real
 * processes behind a real front door, guests of the stock client libraries of both releases.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startByteProxy } from '../support/byte-proxy.ts';
import { eventually } from '../support/oct-inbox.ts';
import { openPool, startPool } from '../support/pool.ts';
import {
  enterEditor,
  isIn,
  joinFolder,
  makeFolder,
  shareFolder,
  ShareProcess,
} from '../support/share-host.ts';

const { pool, close } = openPool({
  env: { CT_LOGIN: 'simple,apikey', CT_API_KEY: 'a key for tests only' },
});
before(async () => await pool.waitUntilReady());
after(close);

test('a guest sees the folder, edits a file, and finds it written back as it was but for the edit', async (t) => {
  const folder = makeFolder(t, { 'src/a.txt': '\ufeffone\r\ntwo\r\n', 'b.txt': 'b\n', '.env': 'SECRET=1\n' });
  const { host, key } = await shareFolder(t, pool.url, { folder });
  const bob = await enterEditor(t, pool.url, key);
  const { fs } = bob.member.connection;
  assert.deepEqual(await fs.readdir(bob.hostId, 'project'), { src: 2, 'b.txt': 1 });
  assert.deepEqual(await fs.readdir(bob.hostId, 'project/src'), { 'a.txt': 1 });
  assert.equal((await fs.stat(bob.hostId, 'project/src')).type, 2);
  await assert.rejects(fs.readFile(bob.hostId, 'project/.env'), /ENOENT/);

  const text = await bob.open('project/src/a.txt', 'one\ntwo\n');
  text.insert(4, 'and a half\n');
  const path = join(folder, 'src/a.txt');
  await eventually(
    () => readFileSync(path, 'utf8') === '\ufeffone\r\nand a half\r\ntwo\r\n',
    'it is written',
  );

  writeFileSync(path, '\ufeffzero\r\none\r\nand a half\r\ntwo\r\n');
  await eventually(
    () => text.toJSON() === 'zero\none\nand a half\ntwo\n',
    'the disk’s change is in the session',
  );
  assert.equal(statSync(path).isFile(), true);
  text.insert(0, 'last word\n');
  assert.equal(await host.stop(), 0, host.errors);
  assert.match(readFileSync(path, 'utf8'), /last word/);
  await bob.member.events.next((event) => event.kind === 'closed', 'the end of the session');
});

test('a mirror takes nothing where there is too much, and the host hears at once that its guest has left', async (t) => {
  const folder = makeFolder(t, { 'a.txt': 'one\n', 'b/c.txt': 'one\n' });
  const { host, key } = await shareFolder(t, pool.url, { folder });
  const empty = makeFolder(t, {});
  const flags = ['--name', 'eve', '--files-max', '1'];
  const refused = new ShareProcess(t, ['join', `${pool.url}/~${key}/`, empty, ...flags]);
  assert.equal(await refused.exited(), 1);
  assert.match(refused.errors, /more files than --files-max/);
  await eventually(
    () => host.news.some(({ event, name }) => event === 'member.left' && name === 'eve'),
    'who gives up says so, and is not waited for as if the network had failed',
    20_000,
  );
  assert.deepEqual(readdirSync(empty), []);
  assert.equal(await host.stop(), 0, host.errors);
});

test('through a drain and a killed edge in the middle of edits no character is lost, on the disk or at anybody’s', async (t) => {
  const folder = makeFolder(t, { 'a.txt': 'start\n', 'log.txt': '' });
  const { host, key } = await shareFolder(t, pool.url, { folder });
  const mirror = await joinFolder(t, pool.url, { key, name: 'dan' });
  const [bob, cid] = await Promise.all([
    enterEditor(t, pool.url, key),
    enterEditor(t, pool.url, key, { name: 'cid', release: '0.3.0' }),
  ]);
  const texts = [await bob.open('project/a.txt', 'start\n'), await cid.open('project/a.txt', 'start\n')];
  const path = join(folder, 'a.txt');
  const typed: string[] = [];
  const typing = setInterval(() => {
    const word = `${typed.length} `;
    typed.push(word);
    const text = texts[typed.length % 2]!;
    text.insert(text.length, word);
    // As an editor saves its buffer, which nobody else changes.
    if (typed.length % 5 === 0) writeFileSync(join(mirror.folder, 'log.txt'), typed.join('\n'));
  }, 20);
  t.after(() => clearInterval(typing));
  const typeOn = async (): Promise<void> => {
    const enough = typed.length + 50;
    await eventually(() => typed.length > enough, 'they type on', waitMaxMs);
  };

  await typeOn();
  const first = await pool.edgeOf(key);
  assert.equal((await pool.act('/admin/drain', { edge: first, deadlineSeconds: 60 })).status, 200);
  await eventually(async () => (await pool.where(key)).edge !== first, 'the session has moved', waitMaxMs);
  await typeOn();
  await host.next('line.back');
  const second = (await pool.where(key)).edge;
  process.kill(await pool.childPid(second), 'SIGKILL');
  await typeOn();
  await eventually(async () => (await pool.where(key)).edge !== second, 'somebody took it over', waitMaxMs);
  await eventually(
    () => host.news.filter(({ event }) => event === 'line.back').length >= 2,
    'the host is back',
    waitMaxMs,
  );
  await typeOn();
  clearInterval(typing);
  // Whoever changes a file on the disk has read it: here, what is still to be written.
  const isWritten = (): boolean => texts.every((text) => text.toJSON() === readFileSync(path, 'utf8'));
  await eventually(isWritten, 'what was typed last is written', waitMaxMs);
  writeFileSync(path, `on the disk\n${readFileSync(path, 'utf8')}`);
  await eventually(
    () => {
      const [one, other] = texts.map((text) => text.toJSON());
      const disk = readFileSync(path, 'utf8');
      return (
        one === other &&
        disk === one &&
        disk.startsWith('on the disk\n') &&
        typed.every((word) => wordsOf(disk).has(word))
      );
    },
    'all have every word',
    waitMaxMs,
  );
  const saved = readFileSync(join(mirror.folder, 'log.txt'), 'utf8');
  await eventually(
    isIn(saved, join(folder, 'log.txt')),
    'what was saved in the mirror is at the host',
    waitMaxMs,
  );
  assert.equal(await mirror.guest.stop(), 0, mirror.guest.errors);
  assert.equal(await host.stop(), 0, host.errors);
});

test('who is asked for comes in or stays out as the host says, and in a session to read nobody changes anything', async (t) => {
  const folder = makeFolder(t, { 'a.txt': 'a\n', 'src/b.txt': 'b\n' });
  const { host, key } = await shareFolder(t, pool.url, { folder, flags: ['--read-only', '--allow', 'bob'] });
  const refused = enterEditor(t, pool.url, key, { name: 'eve' });
  host.answer((await host.next('guest.asked', { name: 'eve' }))['id'], false);
  await assert.rejects(refused);
  const [bob, mirror] = await Promise.all([
    enterEditor(t, pool.url, key),
    joinFolder(t, pool.url, { key, name: 'bob', flags: ['--only', 'src'] }),
  ]);
  const { fs } = bob.member.connection;
  const text = await bob.open('project/a.txt', 'a\n');
  text.insert(0, 'X');
  await assert.rejects(fs.writeFile(bob.hostId, 'project/b.txt', { content: new Uint8Array() }), /EACCES/);
  await assert.rejects(fs.delete(bob.hostId, 'project/a.txt'), /EACCES/);
  // What a guest sends all the same is not taken: the host’s document is what is on the disk.
  const { content } = await fs.readFile(bob.hostId, 'project/a.txt');
  assert.equal(new TextDecoder().decode(content), 'a\n');

  assert.deepEqual(readdirSync(mirror.folder), ['src']);
  const mine = join(mirror.folder, 'src/b.txt');
  writeFileSync(mine, 'mine\n');
  await mirror.guest.next('file.kept', { copy: `${mine}.mine` });
  await eventually(() => readFileSync(mine, 'utf8') === 'b\n', 'the mirror has the session’s file');
  assert.equal(readFileSync(`${mine}.mine`, 'utf8'), 'mine\n');
  assert.equal(await host.stop(), 0, host.errors);
  assert.equal(await mirror.guest.exited(), 0, mirror.guest.errors);
  assert.equal(readFileSync(join(folder, 'a.txt'), 'utf8'), 'a\n');
});

test('what a guest forges or floods neither ends the session, nor shuts others out, nor grows at the host', async (t) => {
  const folder = makeFolder(t, { 'a.txt': 'a\n' });
  const { host, key } = await shareFolder(t, pool.url, { folder });
  const [bob, cid] = await Promise.all([
    enterEditor(t, pool.url, key),
    enterEditor(t, pool.url, key, { name: 'cid' }),
  ]);
  const { connection } = bob.member;
  const { self } = cid.member;
  for (const each of [connection, cid.member.connection]) each.onBroadcast(() => undefined);
  // To the host alone: other editors have nobody who would tell them.
  const forge = (method: string, ...parameters: unknown[]): void =>
    connection.sendNotification(method, bob.hostId, ...parameters);
  forge('peer/info', { ...self, id: 'nobody' });
  forge('peer/init', { host: { ...self, id: 'nobody' }, guests: [] });
  forge('room/joined', { ...self, name: 'forged' });
  forge('room/left', self);
  forge('room/closed');
  forge('sync/dataUpdate', new Uint8Array([1, 200]));
  forge('sync/dataUpdate');
  await connection.sendRequest('peer/join', bob.hostId, { name: 'forged' });
  for (const path of [undefined, {}, '', '../x', 'x'.repeat(100_000)]) forge('editor/open', path);
  for (let file = 0; file < 300; file += 1)
    await connection.editor.open(bob.hostId, `project/none-${file}.txt`);

  await cid.open('project/a.txt', 'a\n');
  await bob.open('project/a.txt', 'a\n');
  assert.deepEqual(
    host.news.filter(
      ({ event, name }) => event === 'session.ended' || event === 'member.left' || name === 'forged',
    ),
    [],
  );
  const refused = (): Record<string, string> | undefined =>
    [...cid.awareness.getStates().values()]
      .map((state) => (state['host'] as { refused?: Record<string, string> } | undefined)?.refused)
      .find(Boolean);
  await eventually(() => refused()?.['project/none-299.txt'] !== undefined, 'the last refusal is told');
  assert.ok(Object.keys(refused()!).length <= 100);
  assert.equal(await host.stop(), 0, host.errors);
});

test('who is taken out, or whose session is ended, is told who did so', async (t) => {
  const folder = makeFolder(t, { 'a.txt': 'a\n' });
  const { host, key } = await shareFolder(t, pool.url, { folder });
  const { guest } = await joinFolder(t, pool.url, { key });
  const { id: member } = await host.next('member.joined');
  assert.equal((await pool.act('/admin/remove', { key, member, isBanned: false })).status, 200);
  const removed = await guest.next('session.ended');
  assert.equal(removed['message'], 'An administrator has removed you from the session.');
  assert.equal((await pool.act('/admin/end', { key })).status, 200);
  const ended = await host.next('session.ended');
  assert.equal(ended['message'], 'An administrator has ended the session.');
  assert.deepEqual([await guest.exited(), await host.exited()], [0, 0]);
});

test('who is refused on the way back is told why, and ends: another server would refuse for ever', async (t) => {
  const way = await startByteProxy(t, pool);
  const { host, key } = await shareFolder(t, way.url, { folder: makeFolder(t, { 'a.txt': 'a\n' }) });
  const { guest } = await joinFolder(t, way.url, { key });
  way.turnTo(await startPool(t));
  way.cut(0);
  for (const member of [host, guest]) {
    const ended = await member.next('session.ended');
    assert.deepEqual([ended['reason'], ended['message']], ['refused', 'The token is not valid.']);
    assert.equal(await member.exited(), 1);
  }
});

test('whom the front door does not let in is told so', async (t) => {
  const refused = new ShareProcess(t, [
    'share',
    makeFolder(t, {}),
    '--server',
    pool.url,
    '--api-key',
    'another key',
  ]);
  assert.equal(await refused.exited(), 1);
  assert.match(refused.errors, /refuses the login \(4\d\d\)/);
});

/** The client library gives up after 30 s; a takeover with its back-off is a third of that on an idle machine. */
const waitMaxMs = 60_000;

function wordsOf(text: string): Set<string> {
  return new Set(text.split(/(?<=\s)/));
}
