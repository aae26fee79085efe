/** What is stored when: commit before relay, snapshots, restarts, fences and failures, on a real store file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { Doc, applyUpdate, encodeStateAsUpdate } from 'yjs';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { startYEdge } from '../../test/support/y-edge.ts';
import type { YEdge } from '../../test/support/y-edge.ts';
import { connectBare, enterDocument } from '../../test/support/y-members.ts';
import type { BareEvent } from '../../test/support/y-members.ts';
import {
  decodeMessage,
  encodeAwarenessMessage,
  encodeStateVectorMessage,
  encodeUpdateMessage,
} from './message.ts';

const key = 'our-key' as AffinityKey;
const awarenessQuery = Uint8Array.of(3);

/** A second connection to the store's file, as another process would have it. */
function openBeside(t: TestContext, edge: YEdge): Database.Database {
  const database = new Database(edge.path);
  t.after(() => database.close());
  return database;
}

function isAwareness(event: BareEvent): boolean {
  return event.kind === 'message' && decodeMessage(event.bytes)?.kind === 'awareness';
}

function countRows(database: Database.Database, table: string): number {
  return (database.prepare(`SELECT count(*) AS count FROM ${table}`).get() as { count: number }).count;
}

test('a document survives a restart, and its content never doubles', async (t) => {
  const edge = await startYEdge(t);
  const ann = await enterDocument(t, edge);
  const bob = await enterDocument(t, edge, { release: '2.1' });
  ann.text.insert(0, 'hello ');
  await eventually(() => bob.text.toJSON() === 'hello ', 'bob has it');
  bob.text.insert(6, 'world');
  for (let round = 0; round < 3; round++) {
    await edge.restart();
    await eventually(() => ann.provider.synced && bob.provider.synced, 'both are back');
    const late = await enterDocument(t, edge);
    await eventually(() => late.text.toJSON() === 'hello world', 'who is new has it once');
    await eventually(() => ann.text.toJSON() === 'hello world', 'ann has it once');
    assert.equal(bob.text.toJSON(), 'hello world');
  }
});

test('a document that nobody has open is loaded as it was left', async (t) => {
  const edge = await startYEdge(t);
  const ann = await enterDocument(t, edge);
  ann.text.insert(0, 'left');
  ann.provider.destroy();
  await eventually(() => edge.adapter.load().sessions === 0, 'the document is closed');
  const bob = await enterDocument(t, edge);
  assert.equal(bob.text.toJSON(), 'left');
  await edge.restart();
  const cid = await enterDocument(t, edge);
  assert.equal(cid.text.toJSON(), 'left');
});

test('an edge that ends without a word loses nothing that a member saw', async (t) => {
  const crashed = await startYEdge(t);
  const ann = await enterDocument(t, crashed);
  const bob = await enterDocument(t, crashed);
  ann.text.insert(0, 'seen');
  await eventually(() => bob.text.toJSON() === 'seen', 'bob has seen it');
  crashed.adapter.dropSession(key, 'internal');
  const next = await startYEdge(t, { path: crashed.path });
  next.epoch = 2;
  const late = await enterDocument(t, next);
  assert.equal(late.text.toJSON(), 'seen');
});

test('an update reaches the others and answers only after its commit, presence at once', async (t) => {
  const edge = await startYEdge(t);
  const ann = await enterDocument(t, edge);
  const bob = await enterDocument(t, edge);
  const bare = connectBare(t, edge, '/y/our-key/a.txt');
  await bare.events.next((event) => event.kind === 'message', 'the first message');
  const messages = (): ReturnType<typeof decodeMessage>[] =>
    bare.events.items.map((event) => (event.kind === 'message' ? decodeMessage(event.bytes) : undefined));
  const hears = (kind: string): boolean => messages().some((message) => message?.kind === kind);
  const disk = openBeside(t, edge);
  disk.exec('BEGIN IMMEDIATE');
  ann.text.insert(0, 'held');
  ann.provider.awareness.setLocalState({ name: 'ann' });
  const states = bob.provider.awareness.getStates();
  await eventually(() => states.get(ann.doc.clientID)?.name === 'ann', 'presence is there');
  // Asked after the update came in: the presence behind it has been through.
  await eventually(() => hears('awareness'), 'presence is there for all');
  const before = bare.events.items.length;
  bare.ws.send(encodeStateVectorMessage(Uint8Array.of(0)));
  bare.ws.send(awarenessQuery);
  await bare.events.after(before, isAwareness, 'the answer to the question behind it');
  assert.equal(bob.text.toJSON(), '');
  assert.equal(hears('update'), false, 'neither the update nor an answer that holds it');
  disk.exec('COMMIT');
  await eventually(() => bob.text.toJSON() === 'held', 'the update is relayed');
  await eventually(
    () => messages().filter((message) => message?.kind === 'update').length === 2,
    'both came',
  );
  const doc = new Doc();
  const last = messages().findLast((message) => message?.kind === 'update');
  applyUpdate(doc, last?.kind === 'update' ? last.bytes : new Uint8Array());
  assert.equal(doc.getText('text').toJSON(), 'held');
});

test('what comes while a batch is at the disk is one batch', async (t) => {
  const edge = await startYEdge(t);
  const ann = await enterDocument(t, edge);
  const bob = await enterDocument(t, edge);
  const disk = openBeside(t, edge);
  disk.exec('BEGIN IMMEDIATE');
  const states = bob.provider.awareness.getStates();
  const send = async (updates: number, name: string): Promise<void> => {
    for (let count = 0; count < updates; count++) ann.text.insert(0, 'x');
    ann.provider.awareness.setLocalState({ name });
    await eventually(() => states.get(ann.doc.clientID)?.name === name, 'all updates are at the edge');
  };
  // Presence is relayed at the end of a turn, and so is a batch sent to the disk: the first one is under way.
  await send(1, 'first');
  await send(20, 'second');
  disk.exec('COMMIT');
  await eventually(() => bob.text.length === 21, 'all updates are relayed');
  const commits = /ct_edge_commit_seconds_count (\d+)/.exec(await edge.metrics.render())?.[1];
  assert.equal(Number(commits), 2);
});

test('after 500 updates, and when its last member leaves, a document is one snapshot', async (t) => {
  const edge = await startYEdge(t);
  const disk = openBeside(t, edge);
  const ann = await enterDocument(t, edge);
  for (let count = 0; count < 520; count++) ann.text.insert(0, 'x');
  await eventually(() => countRows(disk, 'document_snapshot') === 1, 'there is a snapshot');
  assert.ok(countRows(disk, 'document_update') <= 520);
  ann.text.insert(0, 'y');
  ann.provider.destroy();
  await eventually(() => edge.adapter.load().sessions === 0, 'the document is closed');
  assert.equal(countRows(disk, 'document_update'), 0);
  assert.equal(countRows(disk, 'document_snapshot'), 1);
  const bob = await enterDocument(t, edge);
  assert.equal(bob.text.toJSON(), `y${'x'.repeat(520)}`);
});

test('a member that only reads writes nothing', async (t) => {
  const edge = await startYEdge(t);
  const disk = openBeside(t, edge);
  const ann = await enterDocument(t, edge);
  ann.provider.destroy();
  await eventually(() => edge.adapter.load().sessions === 0, 'the document is closed');
  assert.equal(countRows(disk, 'document_snapshot') + countRows(disk, 'document_update'), 0);
});

test('an edge whose session another one took is fenced at its next write, and drops all of it', async (t) => {
  const old = await startYEdge(t);
  const bareA = connectBare(t, old, '/y/our-key/a.txt');
  const bareB = connectBare(t, old, '/y/our-key/b.txt');
  await Promise.all([bareA.opened(), bareB.opened()]);
  const ann = await enterDocument(t, old);
  const next = await startYEdge(t, { path: old.path });
  next.epoch = 2;
  const bob = await enterDocument(t, next);
  ann.text.insert(0, 'late');
  const fenced = { code: 1012, reason: 'fenced' };
  assert.deepEqual(await Promise.all([bareA.closed(), bareB.closed()]), [fenced, fenced]);
  assert.equal(bob.text.toJSON(), '');
  ann.provider.destroy();
  await eventually(() => old.openConnections('our-key') === 0, 'nobody is left');
  const answer = await connectBare(t, old, '/y/our-key/a.txt').refused();
  assert.deepEqual(answer, { status: 503, code: 'fenced' });
});

test('a fenced edge leaves the newer edge’s history as it is when it stops', async (t) => {
  const old = await startYEdge(t);
  const ann = await enterDocument(t, old);
  ann.text.insert(0, 'old');
  const check = await enterDocument(t, old);
  await eventually(() => check.text.toJSON() === 'old', 'it is stored');
  await old.store.load({ key, epoch: 2 as Epoch, document: 'a.txt' });
  const before = await old.store.load({ key, epoch: 2 as Epoch, document: 'a.txt' });
  old.epoch = 2;
  await old.adapter.close();
  assert.deepEqual(await old.store.load({ key, epoch: 2 as Epoch, document: 'a.txt' }), before);
});

test('an exchange of an older epoch is refused, one of a newer epoch starts the session anew', async (t) => {
  const edge = await startYEdge(t);
  edge.epoch = 5;
  const bare = connectBare(t, edge, '/y/our-key/a.txt');
  await bare.opened();
  edge.epoch = 4;
  const stale = await connectBare(t, edge, '/y/our-key/a.txt').refused();
  assert.deepEqual(stale, { status: 421, code: 'stale-epoch' });
  edge.epoch = 6;
  const newer = connectBare(t, edge, '/y/our-key/a.txt');
  await newer.opened();
  assert.deepEqual(await bare.closed(), { code: 1012, reason: 'stale-epoch' });
  assert.equal(edge.adapter.load().sessions, 1);
});

test('a store that fails closes the document’s members, who have all of it when it is back', async (t) => {
  const edge = await startYEdge(t);
  const disk = openBeside(t, edge);
  const ann = await enterDocument(t, edge);
  const bare = connectBare(t, edge, '/y/our-key/a.txt');
  await bare.opened();
  const other = connectBare(t, edge, '/y/our-key/b.txt');
  await other.events.next((event) => event.kind === 'message', 'the other document');
  disk.exec('ALTER TABLE document_update RENAME TO hidden');
  ann.text.insert(0, 'unsaved');
  assert.deepEqual(await bare.closed(), { code: 1013, reason: 'store-unavailable' });
  assert.equal(other.ws.readyState, other.ws.OPEN);
  const refused = await connectBare(t, edge, '/y/our-key/a.txt').refused();
  assert.deepEqual(refused, { status: 503, code: 'store-unavailable' });
  disk.exec('ALTER TABLE hidden RENAME TO document_update');
  const bob = await enterDocument(t, edge);
  await eventually(() => bob.text.toJSON() === 'unsaved', 'ann brought it again');
});

test('a stop writes what came in before it', async (t) => {
  const edge = await startYEdge(t);
  const ann = await enterDocument(t, edge);
  ann.text.insert(0, 'x'.repeat(1_000));
  ann.provider.awareness.setLocalState({ name: 'ann' });
  const bare = connectBare(t, edge, '/y/our-key/a.txt');
  await bare.events.next(isAwareness, 'what ann sent is at the edge');
  ann.provider.shouldConnect = false;
  await edge.restart();
  const bob = await enterDocument(t, edge);
  assert.equal(bob.text.length, 1_000);
  const disk = openBeside(t, edge);
  assert.equal(countRows(disk, 'document_update'), 0);
});

test('once a stop has begun, no more updates are taken, and what came before is written', async (t) => {
  const edge = await startYEdge(t);
  const early = connectBare(t, edge, '/y/our-key/a.txt');
  await early.opened();
  const disk = openBeside(t, edge);
  disk.exec('BEGIN IMMEDIATE');
  let clock = 0;
  const send = async (text: string): Promise<void> => {
    const doc = new Doc();
    doc.getText('text').insert(0, text);
    early.ws.send(encodeUpdateMessage(encodeStateAsUpdate(doc)));
    const before = early.events.items.length;
    early.ws.send(encodeAwarenessMessage([{ client: 7, clock: ++clock, state: '{}' }]));
    await early.events.after(before, isAwareness, 'the presence behind the update is at the edge');
  };
  await send('early');
  const stopped = edge.adapter.close();
  await send('late');
  disk.exec('COMMIT');
  await stopped;
  await edge.restart();
  const ann = await enterDocument(t, edge);
  assert.equal(ann.text.toJSON(), 'early');
});

test('who comes while the last member’s snapshot is being written finds the document and keeps it', async (t) => {
  const edge = await startYEdge(t);
  const ann = await enterDocument(t, edge);
  const disk = openBeside(t, edge);
  disk.exec('BEGIN IMMEDIATE');
  ann.text.insert(0, 'kept');
  ann.provider.destroy();
  await eventually(() => edge.openConnections('our-key') === 0, 'the last member left');
  const bare = connectBare(t, edge, '/y/our-key/a.txt');
  await bare.events.next((event) => event.kind === 'message', 'the document is there');
  disk.exec('COMMIT');
  await eventually(() => countRows(disk, 'document_snapshot') === 1, 'the snapshot is written');
  const bob = await enterDocument(t, edge);
  assert.equal(bob.text.toJSON(), 'kept');
  assert.equal(edge.openConnections('our-key'), 2);
  assert.equal(bare.ws.readyState, bare.ws.OPEN);
});
