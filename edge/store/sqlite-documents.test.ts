/** The document store call by call, on real files: what is kept, what is fenced, what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { temporaryStorePath } from '../../test/support/y-edge.ts';
import type { DocumentRef, DocumentStore } from './document-store.ts';
import { openSqliteDocuments } from './sqlite-documents.ts';

const unavailable = { code: 'store-unavailable' };

async function openStore(t: TestContext, path: string): Promise<DocumentStore> {
  const store = await openSqliteDocuments(path);
  t.after(async () => await store.close());
  return store;
}

function refAt(epoch: number, document = 'a.txt', key = 'our-key'): DocumentRef {
  return { key: key as AffinityKey, epoch: epoch as Epoch, document };
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

test('a document that nobody wrote is empty', async (t) => {
  const store = await openStore(t, await temporaryStorePath(t));
  const loaded = await store.load(refAt(1));
  assert.deepEqual(loaded, { kind: 'loaded', snapshot: undefined, updates: [], lastSeq: 0 });
});

test('what was written is there after the file was closed and opened again', async (t) => {
  const path = await temporaryStorePath(t);
  const first = await openStore(t, path);
  await first.append(refAt(1), [bytes(1), bytes(2, 2)]);
  await first.compact(refAt(1), { throughSeq: 1, bytes: bytes(11) });
  assert.deepEqual(await first.append(refAt(1), [bytes(3)]), { kind: 'written', lastSeq: 3 });
  await first.close();
  const second = await openStore(t, path);
  assert.deepEqual(await second.load(refAt(1)), {
    kind: 'loaded',
    snapshot: bytes(11),
    updates: [bytes(2, 2), bytes(3)],
    lastSeq: 3,
  });
});

test('documents and sessions do not mix', async (t) => {
  const store = await openStore(t, await temporaryStorePath(t));
  await store.append(refAt(1, 'a.txt'), [bytes(1)]);
  await store.append(refAt(1, 'b.txt'), [bytes(2)]);
  await store.append(refAt(7, 'a.txt', 'other-key'), [bytes(3)]);
  await store.compact(refAt(1, 'b.txt'), { throughSeq: 1, bytes: bytes(22) });
  const updatesOf = async (ref: DocumentRef): Promise<unknown> => {
    const loaded = await store.load(ref);
    return loaded.kind === 'loaded' ? [loaded.snapshot, loaded.updates] : loaded;
  };
  assert.deepEqual(await updatesOf(refAt(1, 'a.txt')), [undefined, [bytes(1)]]);
  assert.deepEqual(await updatesOf(refAt(1, 'b.txt')), [bytes(22), []]);
  assert.deepEqual(await updatesOf(refAt(7, 'a.txt', 'other-key')), [undefined, [bytes(3)]]);
});

test('a lower epoch is fenced at every operation and changes nothing', async (t) => {
  const path = await temporaryStorePath(t);
  const older = await openStore(t, path);
  const newer = await openStore(t, path);
  await older.append(refAt(4), [bytes(1)]);
  await newer.load(refAt(5));
  const before = await newer.load(refAt(5));
  const fenced = { kind: 'fenced' };
  assert.deepEqual(await older.append(refAt(4), [bytes(2)]), fenced);
  assert.deepEqual(await older.append(refAt(4), []), fenced);
  assert.deepEqual(await older.compact(refAt(4), { throughSeq: 1, bytes: bytes(9) }), fenced);
  assert.deepEqual(await older.load(refAt(4)), fenced);
  // The fence stands for the whole session, so also for documents that the newer edge has not opened.
  assert.deepEqual(await older.append(refAt(4, 'b.txt'), [bytes(2)]), fenced);
  assert.deepEqual(await newer.load(refAt(5)), before);
  assert.deepEqual(await newer.append(refAt(5), [bytes(3)]), { kind: 'written', lastSeq: 2 });
});

test('a write of a higher epoch raises the fence as a load does', async (t) => {
  const store = await openStore(t, await temporaryStorePath(t));
  await store.append(refAt(2), [bytes(1)]);
  await store.compact(refAt(3), { throughSeq: 1, bytes: bytes(9) });
  assert.deepEqual(await store.load(refAt(2)), { kind: 'fenced' });
});

test('a snapshot older than the stored one changes nothing', async (t) => {
  const store = await openStore(t, await temporaryStorePath(t));
  await store.append(refAt(1), [bytes(1), bytes(2), bytes(3)]);
  await store.compact(refAt(1), { throughSeq: 2, bytes: bytes(22) });
  await store.compact(refAt(1), { throughSeq: 1, bytes: bytes(11) });
  const loaded = await store.load(refAt(1));
  assert.deepEqual(loaded, { kind: 'loaded', snapshot: bytes(22), updates: [bytes(3)], lastSeq: 3 });
});

test('numbers go on where a snapshot covers every update', async (t) => {
  const store = await openStore(t, await temporaryStorePath(t));
  await store.append(refAt(1), [bytes(1), bytes(2)]);
  await store.compact(refAt(1), { throughSeq: 2, bytes: bytes(22) });
  assert.deepEqual(await store.append(refAt(1), [bytes(3)]), { kind: 'written', lastSeq: 3 });
});

test('a snapshot ahead of the document is refused, as it would hide updates to come', async (t) => {
  const store = await openStore(t, await temporaryStorePath(t));
  await store.append(refAt(1), [bytes(1)]);
  await assert.rejects(store.compact(refAt(1), { throughSeq: 2, bytes: bytes(9) }), unavailable);
  const loaded = await store.load(refAt(1));
  assert.deepEqual(loaded, { kind: 'loaded', snapshot: undefined, updates: [bytes(1)], lastSeq: 1 });
});

test('a small view of a large buffer is stored as what it shows', async (t) => {
  const store = await openStore(t, await temporaryStorePath(t));
  const large = new Uint8Array(1_000).fill(7);
  await store.append(refAt(1), [large.subarray(10, 12)]);
  const loaded = await store.load(refAt(1));
  assert.deepEqual(loaded.kind === 'loaded' && loaded.updates, [bytes(7, 7)]);
});

test('a store whose file lost a table fails its calls and stays open', async (t) => {
  const path = await temporaryStorePath(t);
  const store = await openStore(t, path);
  const other = new Database(path);
  other.exec('DROP TABLE document_update');
  other.close();
  await assert.rejects(store.append(refAt(1), [bytes(1)]), unavailable);
  await assert.rejects(store.load(refAt(1)), unavailable);
});

test('a file of a newer program is refused', async (t) => {
  const path = await temporaryStorePath(t);
  const database = new Database(path);
  database.pragma('user_version = 999');
  database.close();
  await assert.rejects(openSqliteDocuments(path), /use the newer program/);
});

test('calls after the end are refused', async (t) => {
  const store = await openSqliteDocuments(await temporaryStorePath(t));
  await store.close();
  await assert.rejects(store.load(refAt(1)), unavailable);
});
