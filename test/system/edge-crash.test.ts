/** What users notice when the edge of their session is killed or told to stop: as little as possible. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { TestContext } from 'node:test';
import { hostSession, joinSession, logIn } from '../support/oct-client.ts';
import { eventually } from '../support/oct-inbox.ts';
import { hears } from '../support/oct-session.ts';
import { openPool } from '../support/pool.ts';
import type { EdgeView } from '../support/pool.ts';
import { openDocument } from '../support/y-document.ts';
import type { YClient } from '../support/y-document.ts';

const { pool, close } = openPool();
before(async () => await pool.waitUntilReady());
// What a test killed or froze is back before the next one begins.
beforeEach(
  async () => await eventually(async () => (await pool.status()).ready === 3, 'all edges are ready'),
);
after(close);

interface Pair {
  readonly key: string;
  readonly edge: string;
  readonly writer: YClient;
  readonly reader: YClient;
}

/** Of new sessions. */
async function openPairs(t: TestContext, name: string, count: number): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let i = 0; i < count; i++) {
    const key = `${name}-${i}`;
    const writer = await openDocument(t, pool.url, { key, name: 'notes' });
    const reader = await openDocument(t, pool.url, { key, name: 'notes' });
    pairs.push({ key, edge: await pool.edgeOf(key), writer, reader });
  }
  return pairs;
}

async function viewOf(edge: string): Promise<EdgeView | undefined> {
  return (await pool.edges()).find(({ id }) => id === edge);
}

test('kill -9 of an edge: its keys move at once, others do not notice, acknowledged edits are kept', async (t) => {
  const pairs = await openPairs(t, 'killed', 12);
  const victim = pairs[0]!.edge;
  const lost = pairs.filter(({ edge }) => edge === victim);
  const others = pairs.filter(({ edge }) => edge !== victim);
  assert.ok(others.length > 0);
  const text = 'acknowledged, for the other member has it\n';
  for (const { writer } of pairs) writer.text.insert(0, text);
  await eventually(
    () => pairs.every(({ reader }) => reader.text.toJSON() === text),
    'every edit has reached the other member',
  );
  // Nobody is left who could bring the edit of this session back: it must come from the store.
  const orphan = lost[0]!;
  [orphan.writer, orphan.reader].forEach((client) => client.close());

  process.kill(await pool.childPid(victim), 'SIGKILL');
  const killedAt = performance.now();
  const late = await openDocument(t, pool.url, { key: orphan.key, name: 'notes' });
  t.diagnostic(`served anew ${Math.round(performance.now() - killedAt)} ms after the kill`);
  assert.equal(late.text.toJSON(), text);

  const more = 'and one more\n';
  for (const { writer } of lost.slice(1)) writer.text.insert(0, more);
  await eventually(
    () => lost.slice(1).every(({ reader }) => reader.text.toJSON() === more + text),
    'the members who came back converge',
  );
  for (const { key, writer, reader } of others) {
    assert.equal(writer.losses() + reader.losses(), 0, `${key} lost a connection`);
  }
  for (const { key, edge } of others) assert.equal(await pool.edgeOf(key), edge);
});

test('kill -9 of an edge: an editor’s session goes on at another one with the same members', async (t) => {
  const ann = await hostSession({ url: pool.url, loginToken: await logIn(pool.url, 'ann') });
  t.after(() => ann.dispose());
  const bob = await joinSession({ url: pool.url, loginToken: await logIn(pool.url, 'bob') }, ann.key);
  t.after(() => bob.dispose());
  await bob.events.next((event) => event.kind === 'init', 'the host’s greeting');
  const ids = [ann.self.id, bob.self.id];
  process.kill(await pool.childPid(await pool.edgeOf(ann.key)), 'SIGKILL');
  for (const member of [ann, bob]) {
    await member.events.next((event) => event.kind === 'reconnected', 'the return');
  }
  await eventually(async () => {
    const response = await fetch(`${pool.url}/ct-health/`, { headers: { ctstickiness: ann.key } });
    return ((await response.json()) as { members?: number }).members === 2;
  }, 'both members are back');
  await bob.connection.chat.sendMessage('still here');
  await hears(ann, bob, 'still here');
  assert.deepEqual([ann.self.id, bob.self.id], ids);
});

test('an edge that is told to stop gives its keys away without an error for those who ask', async () => {
  const keys = Array.from({ length: 60 }, (_, i) => `key-${i}`);
  const before = await Promise.all(keys.map((key) => pool.edgeOf(key)));
  const pid = await pool.childPid('edge-1');
  process.kill(pid, 'SIGTERM');
  const statuses = new Set<number>();
  const over = new AbortController();
  const asking = (async () => {
    while (!over.signal.aborted) {
      for (const key of keys) {
        const response = await fetch(`${pool.url}/ct-health/`, { headers: { ctstickiness: key } });
        statuses.add(response.status);
        await response.arrayBuffer();
      }
    }
  })();
  await eventually(async () => (await pool.childPid('edge-1')) !== pid, 'the edge is started again');
  over.abort();
  await asking;
  assert.deepEqual([...statuses], [200]);
  const now = await Promise.all(keys.map((key) => pool.edgeOf(key)));
  keys.forEach((key, i) => {
    if (before[i] !== 'edge-1') assert.equal(now[i], before[i], `${key} moved without a cause`);
  });
});

test('an edge that was frozen beyond its lease serves nothing more of its old life, and begins a new one', async (t) => {
  const [pair] = await openPairs(t, 'frozen', 1);
  const { key, edge, writer, reader } = pair!;
  const { incarnation } = (await viewOf(edge))!;
  const linesBefore = pool.lines.length;
  const pid = await pool.childPid(edge);
  process.kill(pid, 'SIGSTOP');
  let next: string;
  try {
    next = await pool.edgeOf(key);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  assert.notEqual(next, edge, 'the key moves when the lease has run out');
  await eventually(async () => {
    const view = await viewOf(edge);
    return view?.incarnation === incarnation + 1 && view.state === 'ready';
  }, 'the edge is back as a new incarnation');
  writer.text.insert(0, 'after the thaw');
  await eventually(() => reader.text.toJSON() === 'after the thaw', 'the members converge on the new edge');
  assert.equal(await pool.edgeOf(key), next, 'nothing goes back by itself');
  await eventually(
    () =>
      pool.lines.slice(linesBefore).some((line) => line.event === 'lease.lapsed' && line['edge'] === edge),
    'the edge has noticed that its lease lapsed',
  );
});

test('members of a frozen edge are cut by the front door, and go on elsewhere long before they notice themselves', async (t) => {
  const [pair] = await openPairs(t, 'cut', 1);
  const { edge, writer, reader } = pair!;
  const pid = await pool.childPid(edge);
  process.kill(pid, 'SIGSTOP');
  try {
    writer.text.insert(0, 'while it is frozen');
    // The clients give up by themselves after 30 s, which is later than this waits.
    await eventually(() => reader.text.toJSON() === 'while it is frozen', 'the members converge elsewhere');
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});
