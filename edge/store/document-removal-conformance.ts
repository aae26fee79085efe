/** Documents that nobody uses go, in every store: only those, never under somebody's hands, and never half. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentAt, openDocuments } from './document-conformance.ts';
import type { OpenDocumentScene } from './document-conformance.ts';
import type { DocumentRef, DocumentStore } from './document-store.ts';

const minuteMs = 60_000;
const fenced = { kind: 'fenced' };
const one = [Uint8Array.of(1)];

function refAt(epoch: number, key = 'our-key'): DocumentRef {
  return documentAt(epoch, 'a.txt', key);
}

async function lengthOf(store: DocumentStore, ref: DocumentRef): Promise<number | string> {
  const loaded = await store.load(ref);
  return loaded.kind === 'loaded' ? loaded.lastSeq : loaded.kind;
}

/** Declares the tests. */
export function testDocumentRemoval(openScene: OpenDocumentScene): void {
  testAge(openScene);
  testHands(openScene);
}

function testAge(openScene: OpenDocumentScene): void {
  void test('documents go when they were not used for longer than they are kept, and no sooner', async (t) => {
    const { store, letPass } = await openDocuments(t, openScene);
    const rule = { unusedForMs: 10 * minuteMs, limit: 100 };
    await store.load(refAt(1));
    await store.append(refAt(1), one);
    await letPass(9 * minuteMs);
    assert.equal(await store.removeUnused([], rule), 0);
    await letPass(2 * minuteMs);
    assert.equal(await store.removeUnused([], rule), 1);
    assert.equal(await store.removeUnused([], rule), 0, 'once');
    assert.equal(await lengthOf(store, refAt(1)), 0);
  });

  void test('a session that is held, or was opened since, keeps its documents', async (t) => {
    const { store, letPass } = await openDocuments(t, openScene);
    for (const key of ['held', 'opened', 'left']) await store.append(refAt(1, key), one);
    await letPass(15 * minuteMs);
    await store.load(refAt(2, 'opened'));
    assert.equal(await store.removeUnused([refAt(1, 'held')], { unusedForMs: minuteMs, limit: 100 }), 1);
    assert.equal(await lengthOf(store, refAt(1, 'held')), 1);
    assert.equal(await lengthOf(store, refAt(2, 'opened')), 1);
    assert.equal(await lengthOf(store, refAt(1, 'left')), 0);
  });

  void test('a pool that stood still for a year, or a clock that jumps, makes no document old', async (t) => {
    const { store, letPass } = await openDocuments(t, openScene);
    await store.append(refAt(1), one);
    for (const jumpMs of [365 * 86_400_000, -365 * 86_400_000]) {
      await letPass(jumpMs);
      assert.equal(await store.removeUnused([], { unusedForMs: 86_400_000, limit: 100 }), 0);
    }
    assert.equal(await lengthOf(store, refAt(1)), 1);
  });

  void test('no more sessions go at once than was asked, the oldest first', async (t) => {
    const { store, letPass } = await openDocuments(t, openScene);
    for (const key of ['one', 'two', 'three']) {
      await store.append(refAt(1, key), one);
      await letPass(minuteMs);
      await store.removeUnused([], { unusedForMs: Infinity, limit: 0 });
    }
    assert.equal(await store.removeUnused([], { unusedForMs: 0, limit: 2 }), 2);
    assert.equal(await lengthOf(store, refAt(1, 'one')), 0);
    assert.equal(await lengthOf(store, refAt(1, 'three')), 1);
  });

  void test('of many sessions that are held none goes', async (t) => {
    const { store, letPass } = await openDocuments(t, openScene);
    const held = Array.from({ length: 250 }, (_, index) => refAt(1, `key-${index}`));
    for (const ref of held) await store.append(ref, one);
    await letPass(15 * minuteMs);
    assert.equal(await store.removeUnused(held, { unusedForMs: minuteMs, limit: 1_000 }), 0);
  });
}

function testHands(openScene: OpenDocumentScene): void {
  void test('an edge that lost the session does not keep its documents, nor can it write after they went', async (t) => {
    const { store, letPass } = await openDocuments(t, openScene);
    await store.append(refAt(1), one);
    await store.load(refAt(2));
    await letPass(15 * minuteMs);
    assert.equal(await store.removeUnused([refAt(1)], { unusedForMs: minuteMs, limit: 100 }), 1);
    assert.deepEqual(await store.append(refAt(1), [Uint8Array.of(2)]), fenced);
    assert.equal(await lengthOf(store, refAt(1)), 'fenced');
  });

  void test('who had removed documents in memory is fenced until it loads anew, so no half of them comes back', async (t) => {
    const { store, letPass } = await openDocuments(t, openScene);
    await store.append(refAt(1), [Uint8Array.of(1), Uint8Array.of(2)]);
    await letPass(minuteMs);
    assert.equal(await store.removeUnused([], { unusedForMs: 0, limit: 100 }), 1);
    assert.deepEqual(await store.append(refAt(1), [Uint8Array.of(3)]), fenced);
    assert.deepEqual(await store.compact(refAt(1), { throughSeq: 0, bytes: Uint8Array.of(9) }), fenced);
    // Its word that it holds the session comes too late: it would write on top of what is gone.
    assert.equal(await store.removeUnused([refAt(1)], { unusedForMs: minuteMs, limit: 100 }), 0);
    assert.deepEqual(await store.append(refAt(1), [Uint8Array.of(3)]), fenced);
    assert.equal(await lengthOf(store, refAt(1)), 0);
    assert.deepEqual(await store.append(refAt(1), [Uint8Array.of(3)]), { kind: 'written', lastSeq: 1 });
  });

  void test('a session that is opened again after its documents went is not taken for unused at once', async (t) => {
    const { store, letPass } = await openDocuments(t, openScene);
    const rule = { unusedForMs: minuteMs, limit: 100 };
    await store.append(refAt(1), one);
    await letPass(15 * minuteMs);
    assert.equal(await store.removeUnused([], rule), 1);
    assert.equal(await lengthOf(store, refAt(2)), 0);
    await store.append(refAt(2), one);
    assert.equal(await store.removeUnused([], rule), 0);
    assert.equal(await lengthOf(store, refAt(2)), 1);
  });
}
