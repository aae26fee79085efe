/** Documents that nobody uses go, on a real file: only those, never under somebody's hands, and never half. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { temporaryStorePath } from '../../test/support/y-edge.ts';
import type { DocumentRef, DocumentStore } from './document-store.ts';
import { openSqliteDocuments } from './sqlite-documents.ts';

const minuteMs = 60_000;
const unusedNow = { unusedForMs: 0, limit: 100 };

async function openStore(t: TestContext): Promise<{ store: DocumentStore; path: string }> {
  const path = await temporaryStorePath(t);
  const store = await openSqliteDocuments(path);
  t.after(async () => await store.close());
  return { store, path };
}

function refAt(epoch: number, key = 'our-key'): DocumentRef {
  return { key: key as AffinityKey, epoch: epoch as Epoch, document: 'a.txt' };
}

/** Moves the store's clock and the host's, as the store sees it, apart: so much has passed since it last looked. */
function letPass(path: string, ms: number): void {
  const database = new Database(path);
  database.prepare('UPDATE document_clock SET wall_ms = wall_ms - ?').run(ms);
  database.close();
}

async function lengthOf(store: DocumentStore, ref: DocumentRef): Promise<number | string> {
  const loaded = await store.load(ref);
  return loaded.kind === 'loaded' ? loaded.lastSeq : loaded.kind;
}

test('documents go when they were not used for longer than they are kept, and no sooner', async (t) => {
  const { store, path } = await openStore(t);
  await store.load(refAt(1));
  await store.append(refAt(1), [Uint8Array.of(1)]);
  letPass(path, 9 * minuteMs);
  assert.equal(await store.removeUnused([], { unusedForMs: 10 * minuteMs, limit: 100 }), 0);
  letPass(path, 2 * minuteMs);
  assert.equal(await store.removeUnused([], { unusedForMs: 10 * minuteMs, limit: 100 }), 1);
  assert.equal(await store.removeUnused([], { unusedForMs: 10 * minuteMs, limit: 100 }), 0, 'once');
  assert.equal(await lengthOf(store, refAt(1)), 0);
});

test('a session that is held, or was opened since, keeps its documents', async (t) => {
  const { store, path } = await openStore(t);
  for (const key of ['held', 'opened', 'left']) await store.append(refAt(1, key), [Uint8Array.of(1)]);
  letPass(path, 15 * minuteMs);
  await store.load(refAt(2, 'opened'));
  assert.equal(await store.removeUnused([refAt(1, 'held')], { unusedForMs: minuteMs, limit: 100 }), 1);
  assert.equal(await lengthOf(store, refAt(1, 'held')), 1);
  assert.equal(await lengthOf(store, refAt(2, 'opened')), 1);
  assert.equal(await lengthOf(store, refAt(1, 'left')), 0);
});

test('an edge that lost the session does not keep its documents, nor can it write after they went', async (t) => {
  const { store, path } = await openStore(t);
  await store.append(refAt(1), [Uint8Array.of(1)]);
  await store.load(refAt(2));
  letPass(path, 15 * minuteMs);
  assert.equal(await store.removeUnused([refAt(1)], { unusedForMs: minuteMs, limit: 100 }), 1);
  assert.deepEqual(await store.append(refAt(1), [Uint8Array.of(2)]), { kind: 'fenced' });
  assert.equal(await lengthOf(store, refAt(1)), 'fenced');
});

test('who had removed documents in memory is fenced until it loads anew, so no half of them comes back', async (t) => {
  const { store, path } = await openStore(t);
  await store.append(refAt(1), [Uint8Array.of(1), Uint8Array.of(2)]);
  letPass(path, minuteMs);
  await eventually(async () => (await store.removeUnused([], unusedNow)) === 1, 'they are gone');
  assert.deepEqual(await store.append(refAt(1), [Uint8Array.of(3)]), { kind: 'fenced' });
  assert.deepEqual(await store.compact(refAt(1), { throughSeq: 0, bytes: Uint8Array.of(9) }), {
    kind: 'fenced',
  });
  assert.equal(await lengthOf(store, refAt(1)), 0);
  assert.deepEqual(await store.append(refAt(1), [Uint8Array.of(3)]), { kind: 'written', lastSeq: 1 });
});

test('a pool that stood still for a year, or a clock that jumps, makes no document old', async (t) => {
  const { store, path } = await openStore(t);
  await store.append(refAt(1), [Uint8Array.of(1)]);
  for (const jumpMs of [365 * 86_400_000, -365 * 86_400_000]) {
    letPass(path, jumpMs);
    assert.equal(await store.removeUnused([], { unusedForMs: 86_400_000, limit: 100 }), 0);
  }
  assert.equal(await lengthOf(store, refAt(1)), 1);
});

test('no more sessions go at once than was asked, the oldest first', async (t) => {
  const { store, path } = await openStore(t);
  for (const key of ['one', 'two', 'three']) {
    await store.append(refAt(1, key), [Uint8Array.of(1)]);
    letPass(path, minuteMs);
    await store.removeUnused([], { unusedForMs: Infinity, limit: 0 });
  }
  assert.equal(await store.removeUnused([], { unusedForMs: 0, limit: 2 }), 2);
  assert.equal(await lengthOf(store, refAt(1, 'one')), 0);
  assert.equal(await lengthOf(store, refAt(1, 'three')), 1);
});
