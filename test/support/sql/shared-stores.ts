/**
 * Sessions of edges on several hosts, whose documents and rosters are in one database, as tests that the caller names a
 * product for: what members saw of each other is there whichever edge dies, and whatever the database does for a while.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { eventually } from '../oct-inbox.ts';
import { enterPoolGuest, enterPoolHost } from '../oct-moves.ts';
import { hears } from '../oct-session.ts';
import { openDocument } from '../y-document.ts';
import type { YClient } from '../y-document.ts';
import { startSqlPool } from './sql-pool.ts';
import type { SqlPool } from './sql-pool.ts';
import type { SqlProductName } from './sql-product.ts';

const pairsCount = 9;
const typingIntervalMs = 10;

/** Longer than a lease, an edge's own fence and the deadline of a call together. */
const freezeMs = 10_000;

/** Calls of the front door that the database did not answer. */
function failures(pool: SqlPool): number {
  return pool.door.log.items.filter(({ event }) => event === 'directory.failed').length;
}

interface Pair {
  readonly key: string;
  readonly writer: YClient;
  readonly reader: YClient;
}

async function openPairs(t: TestContext, pool: SqlPool): Promise<Pair[]> {
  const keys = Array.from({ length: pairsCount }, (_, index) => `session-${index}`);
  return await Promise.all(
    keys.map(async (key) => {
      const [writer, reader] = await Promise.all([
        openDocument(t, pool.url, { key, name: 'notes' }),
        openDocument(t, pool.url, { key, name: 'notes' }),
      ]);
      return { key, writer, reader };
    }),
  );
}

/** Writers add numbered words until the returned function is called. */
function startTyping(t: TestContext, pairs: readonly Pair[]): () => void {
  let count = 0;
  const typing = setInterval(() => {
    count++;
    for (const { writer } of pairs) writer.text.insert(writer.text.length, `${count} `);
  }, typingIntervalMs);
  const stop = (): void => clearInterval(typing);
  t.after(stop);
  return stop;
}

/** What somebody else than who wrote it has seen, which is what people take for saved. */
function seen({ reader }: Pair): string[] {
  return reader.text.toJSON().split(' ').filter(Boolean);
}

function checkKept(text: string, words: readonly string[], note: string): void {
  const kept = text.split(' ').filter(Boolean);
  const known = new Set(kept);
  assert.deepEqual(
    words.filter((word) => !known.has(word)),
    [],
    `${note} has lost what was seen`,
  );
  assert.equal(known.size, kept.length, `${note} has something twice`);
}

async function allAdvance(pairs: readonly Pair[]): Promise<void> {
  const before = new Map(pairs.map((pair) => [pair, seen(pair).length]));
  await eventually(
    () => pairs.every((pair) => seen(pair).length > before.get(pair)! + 10),
    'all readers see new words',
    40_000,
  );
}

/** Everybody leaves; whoever comes next finds what was seen. */
async function checkLeft(t: TestContext, pool: SqlPool, pairs: readonly Pair[]): Promise<void> {
  for (const pair of pairs) {
    const words = seen(pair);
    assert.ok(words.length > 0);
    [pair.writer, pair.reader].forEach((client) => client.close());
    const late = await openDocument(t, pool.url, { key: pair.key, name: 'notes' });
    checkKept(late.text.toJSON(), words, pair.key);
  }
}

/** Declares the tests of what else happens to edges and to their database. */
export function testMoreTroubles(product: SqlProductName): void {
  testFrozenEdge(product);
  testEditorsOfKilledEdge(product);
  testDatabaseInTrouble(product);
}

/** Declares the test. */
export function testKilledEdge(product: SqlProductName): void {
  void test(`${product}: an edge that is killed under traffic loses nothing that was seen: edges of other hosts go on`, async (t) => {
    const pool = await startSqlPool(t, product);
    const pairs = await openPairs(t, pool);
    const stopTyping = startTyping(t, pairs);
    await allAdvance(pairs);
    const victim = await pool.edgeOf(pairs[0]!.key);
    const edges = await Promise.all(pairs.map(async ({ key }) => await pool.edgeOf(key)));
    const lost = pairs.filter((_, index) => edges[index] === victim);
    process.kill(pool.pidOf(victim), 'SIGKILL');
    // Nobody is left who could bring the words of this session back: they must come from the database.
    const orphan = lost[0]!;
    const words = seen(orphan);
    [orphan.writer, orphan.reader].forEach((client) => client.close());
    const others = pairs.filter((pair) => pair !== orphan);
    const late = await openDocument(t, pool.url, { key: orphan.key, name: 'notes' });
    checkKept(late.text.toJSON(), words, orphan.key);
    assert.notEqual(await pool.edgeOf(orphan.key), victim);
    await allAdvance(others);
    stopTyping();
    await checkLeft(t, pool, others);
  });
}

function testFrozenEdge(product: SqlProductName): void {
  void test(`${product}: an edge that froze amid traffic adds nothing to what edges of other hosts have gone on with`, async (t) => {
    const pool = await startSqlPool(t, product);
    const pairs = await openPairs(t, pool);
    const stopTyping = startTyping(t, pairs);
    await allAdvance(pairs);
    const victim = await pool.edgeOf(pairs[0]!.key);
    process.kill(pool.pidOf(victim), 'SIGSTOP');
    try {
      await allAdvance(pairs);
    } finally {
      process.kill(pool.pidOf(victim), 'SIGCONT');
    }
    await pool.allReady();
    await allAdvance(pairs);
    stopTyping();
    await checkLeft(t, pool, pairs);
  });
}

function testEditorsOfKilledEdge(product: SqlProductName): void {
  void test(`${product}: members of an editor's session whose edge is killed go on at an edge of another host`, async (t) => {
    const pool = await startSqlPool(t, product);
    const ann = await enterPoolHost(t, pool);
    const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
    const ids = [ann.self.id, bob.self.id];
    const victim = await pool.edgeOf(ann.key);
    process.kill(pool.pidOf(victim), 'SIGKILL');
    for (const member of [ann, bob]) {
      await member.events.next((event) => event.kind === 'reconnected', 'the return');
    }
    await eventually(async () => (await pool.edgeOf(ann.key)) !== victim, 'another edge has the session');
    const cid = await enterPoolGuest(t, pool, { key: ann.key, name: 'cid' });
    await bob.connection.chat.sendMessage('still here');
    await hears(ann, bob, 'still here');
    await hears(cid, bob, 'still here');
    assert.deepEqual([ann.self.id, bob.self.id], ids);
  });
}

function testDatabaseInTrouble(product: SqlProductName): void {
  void test(`${product}: a database that is frozen and then killed under traffic costs nothing that was seen`, async (t) => {
    const pool = await startSqlPool(t, product);
    const ann = await enterPoolHost(t, pool);
    const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
    const pairs = await openPairs(t, pool);
    const stopTyping = startTyping(t, pairs);
    await allAdvance(pairs);
    pool.database.freeze();
    const failuresBefore = failures(pool);
    const thawAt = performance.now() + freezeMs;
    await eventually(
      () => failures(pool) >= failuresBefore + 3 && performance.now() >= thawAt,
      'calls have met their deadline, and it was frozen for long enough',
    );
    const seenWhenFrozen = pairs.map(seen);
    pool.database.thaw();
    await allAdvance(pairs);
    pairs.forEach(({ reader, key }, index) => checkKept(reader.text.toJSON(), seenWhenFrozen[index]!, key));
    await pool.database.kill();
    await pool.database.start();
    await allAdvance(pairs);
    stopTyping();
    await checkLeft(t, pool, pairs);
    await eventually(() => [ann, bob].every(({ socket }) => socket!.connected), 'the editors are back');
    await bob.connection.chat.sendMessage('after all that');
    await hears(ann, bob, 'after all that');
  });
}
