/** Sessions of unmodified clients move from edge to edge while their members work. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { WebSocket } from 'ws';
import { eventually } from '../support/oct-inbox.ts';
import {
  checkTalk,
  enterPoolGuest,
  enterPoolHost,
  moveElsewhere,
  moveTo,
  startTalk,
} from '../support/oct-moves.ts';
import type { OctMember } from '../support/oct-client.ts';
import { hears } from '../support/oct-session.ts';
import { openPool } from '../support/pool.ts';
import { openDocument } from '../support/y-document.ts';

const { pool, close } = openPool();
before(async () => await pool.waitUntilReady());
after(close);

const movesOfOneTalk = 5;

async function areBack(members: readonly OctMember[]): Promise<void> {
  await eventually(() => members.every(({ socket }) => socket!.connected), 'all are back');
}

/** Takes nothing more from the network until the returned function is called. */
function freeze({ socket }: OctMember): () => void {
  const { transport } = socket!.io.engine as unknown as { transport: { ws: WebSocket } };
  const { ws } = transport;
  ws.pause();
  return () => ws.resume();
}

test('members who talk all the time hear each other once and in order over any number of moves', async (t) => {
  const ann = await enterPoolHost(t, pool);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
  const cid = await enterPoolGuest(t, pool, { key: ann.key, name: 'cid' });
  const members = [ann, bob, cid];
  const ids = members.map(({ self }) => self.id);
  const endTalk = startTalk(t, members, 10);
  for (let n = 1; n <= movesOfOneTalk; n++) {
    const target = await moveElsewhere(pool, ann.key);
    await areBack(members);
    assert.equal(await pool.edgeOf(ann.key), target);
    for (const { socket } of members) assert.ok(socket!.recovered, 'all go on where they were');
  }
  checkTalk(t, await endTalk(), `${movesOfOneTalk} moves`);
  assert.deepEqual(
    members.map(({ self }) => self.id),
    ids,
  );
});

test('moves may follow each other before anybody is back', async (t) => {
  // By default they come back by polling, and a move may cost them the body of a poll that is under way.
  const options = { webSocketOnly: true };
  const ann = await enterPoolHost(t, pool, options);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob', ...options });
  const endTalk = startTalk(t, [ann, bob], 10);
  for (let n = 1; n <= movesOfOneTalk; n++) await moveElsewhere(pool, ann.key);
  await areBack([ann, bob]);
  checkTalk(t, await endTalk(), `${movesOfOneTalk} moves in a row`);
});

test('a frozen member delays the others by a second, and misses nothing when it thaws', async (t) => {
  const ann = await enterPoolHost(t, pool);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
  const cid = await enterPoolGuest(t, pool, { key: ann.key, name: 'cid' });
  const endTalk = startTalk(t, [ann, bob], 10);
  const heard = cid.events.items.length;
  const thaw = freeze(cid);
  const startedAt = performance.now();
  await moveElsewhere(pool, ann.key);
  await areBack([ann, bob]);
  t.diagnostic(`the others are back after ${Math.round(performance.now() - startedAt)} ms`);
  await ann.connection.chat.sendMessage('said while cid is frozen');
  thaw();
  await cid.events.after(
    heard,
    (event) => event.kind === 'chat' && event.text === 'said while cid is frozen',
    'what was said meanwhile',
  );
  assert.ok(cid.socket!.recovered);
  checkTalk(t, await endTalk(), 'one move with a frozen member');
});

test('a request that waits for its answer gets it after the move', async (t) => {
  const ann = await enterPoolHost(t, pool);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
  const asked = Promise.withResolvers<void>();
  const allowed = Promise.withResolvers<void>();
  ann.connection.fs.onReadFile(async () => {
    asked.resolve();
    await allowed.promise;
    return { content: new Uint8Array([1, 2, 3]) };
  });
  const reading = bob.connection.fs.readFile(ann.self.id, 'src/a.ts');
  await asked.promise;
  await moveElsewhere(pool, ann.key);
  await areBack([ann, bob]);
  allowed.resolve();
  assert.deepEqual([...(await reading).content], [1, 2, 3]);
});

test('an answer of 5 MiB that is under way arrives whole', async (t) => {
  const ann = await enterPoolHost(t, pool);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
  const content = randomBytes(5 * 1_048_576);
  const asked = Promise.withResolvers<void>();
  ann.connection.fs.onReadFile(() => {
    asked.resolve();
    return { content };
  });
  const reading = bob.connection.fs.readFile(ann.self.id, 'src/a.bin');
  await asked.promise;
  await moveElsewhere(pool, ann.key);
  assert.ok(content.equals((await reading).content));
});

test('a guest who waits for the host’s approval is let in after the move', async (t) => {
  const asked = Promise.withResolvers<void>();
  const decided = Promise.withResolvers<boolean>();
  const ann = await enterPoolHost(t, pool, {
    approves: async () => {
      asked.resolve();
      return await decided.promise;
    },
  });
  const entering = enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
  await asked.promise;
  await moveElsewhere(pool, ann.key);
  await areBack([ann]);
  decided.resolve(true);
  const bob = await entering;
  await bob.connection.chat.sendMessage('hello');
  await hears(ann, bob, 'hello');
});

test('who comes while a session moves waits for its next edge and gets in', async (t) => {
  const ann = await enterPoolHost(t, pool);
  const frozen = await enterPoolGuest(t, pool, { key: ann.key, name: 'cid' });
  const thaw = freeze(frozen);
  const moving = moveElsewhere(pool, ann.key);
  const [bob] = await Promise.all([enterPoolGuest(t, pool, { key: ann.key, name: 'bob' }), moving]);
  thaw();
  await bob.connection.chat.sendMessage('hello');
  await hears(ann, bob, 'hello');
  await hears(frozen, bob, 'hello');
});

test('members who only poll come back too, and miss nothing of what the others say', async (t) => {
  const ann = await enterPoolHost(t, pool);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob', pollingOnly: true });
  const endTalk = startTalk(t, [ann], 20);
  await moveElsewhere(pool, ann.key);
  await areBack([ann, bob]);
  assert.ok(bob.socket!.recovered);
  await endTalk();
  await ann.connection.chat.sendMessage('last words');
  await hears(bob, ann, 'last words');
  const said = ann.events.items.length;
  await bob.connection.chat.sendMessage('hello');
  await ann.events.after(said, (event) => event.kind === 'chat' && event.text === 'hello', 'hello');
});

test('documents move with their members: nothing is lost and nothing comes twice', async (t) => {
  const key = 'documents-that-move';
  const clients = await Promise.all(
    (['2', '3'] as const).map(
      async (release) => await openDocument(t, pool.url, { key, name: 'notes', release }),
    ),
  );
  let lines = 0;
  const write = setInterval(() => {
    for (const { text } of clients) text.insert(0, `line ${++lines}\n`);
  }, 10);
  for (let n = 1; n <= movesOfOneTalk; n++) {
    const target = await moveElsewhere(pool, key);
    await eventually(() => clients.every(({ losses }) => losses() >= n), 'all have noticed');
    await eventually(() => clients.every(({ provider }) => provider.wsconnected), 'all are back');
    assert.equal(await pool.edgeOf(key), target);
  }
  clearInterval(write);
  const late = await openDocument(t, pool.url, { key, name: 'notes' });
  await eventually(() => {
    const texts = [...clients, late].map(({ text }) => text.toJSON());
    return texts.every((text) => text === texts[0] && text.split('\n').length === lines + 1);
  }, 'the texts converge');
  assert.equal(new Set(late.text.toJSON().split('\n')).size, lines + 1, 'no line comes twice');
});

test('a move that cannot be is refused with the reason, and nothing happens', async (t) => {
  const ann = await enterPoolHost(t, pool);
  const edge = await pool.edgeOf(ann.key);
  const refusals = [
    [ann.key, edge, 409, 'session-here'],
    [ann.key, 'edge-9', 404, 'edge-unknown'],
    [ann.key, 'not an edge', 404, 'edge-unknown'],
    ['a-key-that-nobody-has', 'edge-1', 404, 'session-not-found'],
    ['not/a/key', 'edge-1', 400, 'key-invalid'],
  ] as const;
  for (const [key, target, status, code] of refusals) {
    const refusal = await moveTo(pool, key, target);
    assert.deepEqual([refusal.status, refusal.answer['code']], [status, code]);
  }
  assert.equal((await pool.act('/admin/move', { key: 7 })).answer['code'], 'body-invalid');
  assert.equal(await pool.edgeOf(ann.key), edge);
  assert.ok(ann.socket!.connected);
});
