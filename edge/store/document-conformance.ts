/**
 * What every implementation of `DocumentStore` must keep, as tests against a real store. The caller says how to open
 * connections to a fresh store, as edges of a fleet would have them, and how to let its time pass.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { AppError } from '#shared/errors.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { DocumentRef, DocumentStore } from './document-store.ts';

/** One fresh, empty store. */
export interface DocumentScene {
  /** Another connection to the same store; the suite closes it. */
  readonly open: () => Promise<DocumentStore>;
  /** So much has passed since the store was asked last. */
  readonly letPass: (ms: number) => void | Promise<void>;
}

export type OpenDocumentScene = (t: TestContext) => Promise<DocumentScene>;

const unavailable = { code: 'store-unavailable' };
const fenced = { kind: 'fenced' };

/** Declares the tests of reading, writing and fencing; those of removal are in `document-removal-conformance.ts`. */
export function testDocumentStore(openScene: OpenDocumentScene): void {
  testHistories(openScene);
  testMany(openScene);
  testSnapshots(openScene);
  testFences(openScene);
  testSizes(openScene);
}

export function documentAt(epoch: number, document = 'a.txt', key = 'our-key'): DocumentRef {
  return { key: key as AffinityKey, epoch: epoch as Epoch, document };
}

/** One connection to a fresh store, and how to let its time pass. */
export async function openDocuments(
  t: TestContext,
  openScene: OpenDocumentScene,
): Promise<DocumentScene & { store: DocumentStore }> {
  const scene = await openScene(t);
  const open = async (): Promise<DocumentStore> => {
    const store = await scene.open();
    t.after(async () => await store.close());
    return store;
  };
  return { ...scene, open, store: await open() };
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

/** In plain arrays, whatever kind of bytes the store gives. */
async function read(store: DocumentStore, ref: DocumentRef): Promise<object> {
  const loaded = await store.load(ref);
  if (loaded.kind === 'fenced') return loaded;
  const { snapshot, updates, lastSeq } = loaded;
  return {
    snapshot: snapshot === undefined ? undefined : [...snapshot],
    updates: updates.map((update) => [...update]),
    lastSeq,
  };
}

function testHistories(openScene: OpenDocumentScene): void {
  void test('a document that nobody wrote is empty', async (t) => {
    const { store } = await openDocuments(t, openScene);
    assert.deepEqual(await read(store, documentAt(1)), { snapshot: undefined, updates: [], lastSeq: 0 });
  });

  void test('what was written is there for whoever opens the store next', async (t) => {
    const { store: first, open } = await openDocuments(t, openScene);
    await first.append(documentAt(1), [bytes(1), bytes(2, 2)]);
    await first.compact(documentAt(1), { throughSeq: 1, bytes: bytes(11) });
    assert.deepEqual(await first.append(documentAt(1), [bytes(3)]), { kind: 'written', lastSeq: 3 });
    await first.close();
    assert.deepEqual(await read(await open(), documentAt(1)), {
      snapshot: [11],
      updates: [[2, 2], [3]],
      lastSeq: 3,
    });
  });

  void test('documents and sessions do not mix, also where their names differ in case alone', async (t) => {
    const { store } = await openDocuments(t, openScene);
    const places = [
      ['a.txt', 'our-key'],
      ['A.txt', 'our-key'],
      ['a.txt', 'Our-Key'],
      ['~'.repeat(128), '_'.repeat(128)],
      ['~'.repeat(127), '_'.repeat(128)],
    ] as const;
    for (const [index, [document, key]] of places.entries()) {
      await store.append(documentAt(1, document, key), [bytes(index)]);
    }
    await store.compact(documentAt(1, 'A.txt'), { throughSeq: 1, bytes: bytes(22) });
    for (const [index, [document, key]] of places.entries()) {
      const ref = documentAt(1, document, key);
      const isCompacted = document === 'A.txt';
      assert.deepEqual(await read(store, ref), {
        snapshot: isCompacted ? [22] : undefined,
        updates: isCompacted ? [] : [[index]],
        lastSeq: 1,
      });
    }
  });

  void test('calls after the end are refused', async (t) => {
    const { store } = await openDocuments(t, openScene);
    await store.close();
    await assert.rejects(store.load(documentAt(1)), unavailable);
    await assert.rejects(store.append(documentAt(1), [bytes(1)]), unavailable);
  });
}

function testMany(openScene: OpenDocumentScene): void {
  void test('appends of several documents at once are all there, each in its order', async (t) => {
    const { store } = await openDocuments(t, openScene);
    const documents = Array.from({ length: 40 }, (_, index) => `document-${index}`);
    const writes = documents.map(async (document) => {
      for (let count = 1; count <= 5; count++) {
        const result = await store.append(documentAt(1, document), [bytes(count), bytes(count, count)]);
        assert.deepEqual(result, { kind: 'written', lastSeq: 2 * count });
      }
    });
    await Promise.all(writes);
    const updates = [1, 2, 3, 4, 5].flatMap((count) => [[count], [count, count]]);
    for (const document of documents) {
      const expected = { snapshot: undefined, updates, lastSeq: 10 };
      assert.deepEqual(await read(store, documentAt(1, document)), expected);
    }
  });

  void test('more than a thousand documents that are opened at once are not too many', async (t) => {
    const { store } = await openDocuments(t, openScene);
    const keys = Array.from({ length: 1_010 }, (_, index) => `key-${index}`);
    const opened = await Promise.allSettled(keys.map((key) => store.load(documentAt(1, 'a.txt', key))));
    // A slow machine may miss deadlines; nobody is refused for the number of those who wait.
    const failures = opened.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as AppError] : [],
    );
    const isForNumber = ({ cause, facts }: AppError): boolean =>
      'waiting' in facts || (cause as Error | undefined)?.message === 'too many calls wait';
    assert.deepEqual(failures.filter(isForNumber), []);
    assert.ok(failures.length < keys.length);
  });
}

function testSnapshots(openScene: OpenDocumentScene): void {
  void test('a snapshot older than the stored one changes nothing', async (t) => {
    const { store } = await openDocuments(t, openScene);
    await store.append(documentAt(1), [bytes(1), bytes(2), bytes(3)]);
    await store.compact(documentAt(1), { throughSeq: 2, bytes: bytes(22) });
    await store.compact(documentAt(1), { throughSeq: 1, bytes: bytes(11) });
    assert.deepEqual(await read(store, documentAt(1)), { snapshot: [22], updates: [[3]], lastSeq: 3 });
  });

  void test('numbers go on where a snapshot covers every update, also for who comes next', async (t) => {
    const { store, open } = await openDocuments(t, openScene);
    await store.append(documentAt(1), [bytes(1), bytes(2)]);
    await store.compact(documentAt(1), { throughSeq: 2, bytes: bytes(22) });
    assert.deepEqual(await store.append(documentAt(1), [bytes(3)]), { kind: 'written', lastSeq: 3 });
    const next = await open();
    assert.deepEqual(await next.append(documentAt(2), [bytes(4)]), { kind: 'written', lastSeq: 4 });
    assert.deepEqual(await next.append(documentAt(2), []), { kind: 'written', lastSeq: 4 });
  });

  void test('a snapshot ahead of the document is refused, as it would hide updates to come', async (t) => {
    const { store } = await openDocuments(t, openScene);
    await store.append(documentAt(1), [bytes(1)]);
    const ahead = { throughSeq: 2, bytes: bytes(9) };
    await assert.rejects(store.compact(documentAt(1), ahead), unavailable);
    assert.deepEqual(await read(store, documentAt(1)), { snapshot: undefined, updates: [[1]], lastSeq: 1 });
  });
}

function testFences(openScene: OpenDocumentScene): void {
  void test('a lower epoch is fenced at every operation and changes nothing', async (t) => {
    const { store: older, open } = await openDocuments(t, openScene);
    const newer = await open();
    await older.append(documentAt(4), [bytes(1)]);
    const before = await read(newer, documentAt(5));
    assert.deepEqual(await older.append(documentAt(4), [bytes(2)]), fenced);
    assert.deepEqual(await older.append(documentAt(4), []), fenced);
    assert.deepEqual(await older.compact(documentAt(4), { throughSeq: 1, bytes: bytes(9) }), fenced);
    assert.deepEqual(await older.load(documentAt(4)), fenced);
    // The fence stands for the whole session, so also for documents that the newer edge has not opened.
    assert.deepEqual(await older.append(documentAt(4, 'b.txt'), [bytes(2)]), fenced);
    assert.deepEqual(await read(newer, documentAt(5)), before);
    assert.deepEqual(await newer.append(documentAt(5), [bytes(3)]), { kind: 'written', lastSeq: 2 });
  });

  void test('a write of a higher epoch raises the fence as a load does', async (t) => {
    const { store } = await openDocuments(t, openScene);
    await store.append(documentAt(2), [bytes(1)]);
    await store.compact(documentAt(3), { throughSeq: 1, bytes: bytes(9) });
    assert.deepEqual(await store.load(documentAt(2)), fenced);
    await store.append(documentAt(4), [bytes(2)]);
    assert.deepEqual(await store.append(documentAt(3), [bytes(3)]), fenced);
  });

  void test('an owner that loads while the one before it writes has every write that was acknowledged', async (t) => {
    const { store: older, open } = await openDocuments(t, openScene);
    const newer = await open();
    for (let round = 0; round < 20; round++) {
      const ref = (epoch: number): DocumentRef => documentAt(epoch, 'a.txt', `key-${round}`);
      await older.load(ref(1));
      let acknowledged = 0;
      const { promise: someAreAcknowledged, resolve: go } = Promise.withResolvers<void>();
      const writing = (async () => {
        while ((await older.append(ref(1), [bytes(1)])).kind === 'written') {
          if (acknowledged++ === round % 4) go();
        }
      })();
      await someAreAcknowledged;
      const loaded = await newer.load(ref(2));
      await writing;
      assert.ok(loaded.kind === 'loaded');
      assert.equal(loaded.updates.length, acknowledged);
    }
  });
}

function testSizes(openScene: OpenDocumentScene): void {
  void test('a small view of a large buffer is stored as what it shows', async (t) => {
    const { store } = await openDocuments(t, openScene);
    const large = new Uint8Array(1_000).fill(7);
    await store.append(documentAt(1), [large.subarray(10, 12)]);
    await store.compact(documentAt(1, 'b.txt'), { throughSeq: 0, bytes: large.subarray(0, 1) });
    assert.deepEqual(await read(store, documentAt(1)), {
      snapshot: undefined,
      updates: [[7, 7]],
      lastSeq: 1,
    });
  });
}

/** Declares the test, which the first tier plays on one database. */
export function testLargeDocuments(openScene: OpenDocumentScene): void {
  void test('updates and snapshots of 64 MiB come back as they were', async (t) => {
    const { store } = await openDocuments(t, openScene);
    const large = Buffer.alloc(67_108_864);
    for (let at = 0; at < large.length; at += 4_093) large.writeUInt32LE(at, at & ~3);
    const small = bytes(1, 2, 3);
    assert.deepEqual(await store.append(documentAt(1), [small, large, small]), {
      kind: 'written',
      lastSeq: 3,
    });
    await store.compact(documentAt(1), { throughSeq: 1, bytes: large });
    const loaded = await store.load(documentAt(1));
    assert.ok(loaded.kind === 'loaded');
    assert.ok(large.equals(loaded.snapshot!));
    assert.equal(loaded.updates.length, 2);
    assert.ok(large.equals(loaded.updates[0]!));
    assert.deepEqual([...loaded.updates[1]!], [...small]);
  });
}
