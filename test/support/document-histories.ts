/** Random histories of one document in a store of documents: no append is lost, none is read twice. For any implementation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Doc, applyUpdate, encodeStateAsUpdate } from 'yjs';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { openDocuments } from '../../edge/store/document-conformance.ts';
import type { OpenDocumentScene } from '../../edge/store/document-conformance.ts';
import type { DocumentRef, DocumentStore } from '../../edge/store/document-store.ts';

type Step =
  | { readonly kind: 'edit'; readonly at: number; readonly text: string }
  | { readonly kind: 'erase'; readonly at: number; readonly length: number }
  | { readonly kind: 'append' }
  | { readonly kind: 'compact' }
  | { readonly kind: 'compact-late' }
  | { readonly kind: 'load' }
  | { readonly kind: 'stale-append' };

const position = fc.nat({ max: 1_000 });
const steps = fc.array(
  fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ kind: fc.constant('edit'), at: position, text: fc.string({ minLength: 1, maxLength: 5 }) }),
    fc.record({ kind: fc.constant('erase'), at: position, length: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ kind: fc.constant('append') }),
    fc.record({ kind: fc.constant('compact') }),
    fc.record({ kind: fc.constant('compact-late') }),
    fc.record({ kind: fc.constant('load') }),
    fc.record({ kind: fc.constant('stale-append') }),
  ),
  { maxLength: 40, size: 'max' },
);

/** One edge that edits, and the document as all that it appended makes it. */
class Model {
  readonly #store: DocumentStore;
  readonly #ref: DocumentRef;
  readonly #doc = new Doc();
  readonly #appended = new Doc();
  #pending: Uint8Array[] = [];
  #lastSeq = 0;
  /** A snapshot that was taken and is written only later. */
  #late: { throughSeq: number; bytes: Uint8Array } | undefined;

  constructor(store: DocumentStore, key: string) {
    this.#store = store;
    this.#ref = { key: key as AffinityKey, epoch: 2 as Epoch, document: 'a' };
    this.#doc.on('update', (update: Uint8Array) => this.#pending.push(update));
  }

  async run(step: Step): Promise<void> {
    const text = this.#doc.getText('text');
    switch (step.kind) {
      case 'edit':
        return text.insert(step.at % (text.length + 1), step.text);
      case 'erase': {
        const at = step.at % (text.length + 1);
        return text.delete(at, Math.min(step.length, text.length - at));
      }
      case 'append':
        return await this.#append();
      case 'compact':
        return await this.#compact(this.#takeSnapshot());
      case 'compact-late':
        if (this.#late !== undefined) await this.#compact(this.#late);
        this.#late = this.#takeSnapshot();
        return undefined;
      case 'load':
        return await this.check();
      case 'stale-append':
        return await this.#appendStale();
    }
  }

  async check(): Promise<void> {
    const loaded = await this.#store.load(this.#ref);
    assert.equal(loaded.kind, 'loaded');
    if (loaded.kind !== 'loaded') return;
    assert.equal(loaded.lastSeq, this.#lastSeq);
    const read = new Doc();
    for (const update of loaded.updates.toReversed()) applyUpdate(read, update);
    if (loaded.snapshot !== undefined) applyUpdate(read, loaded.snapshot);
    assert.equal(read.getText('text').toJSON(), this.#appended.getText('text').toJSON());
    assert.deepEqual(encodeStateAsUpdate(read), encodeStateAsUpdate(this.#appended));
  }

  async #append(): Promise<void> {
    const updates = this.#pending;
    this.#pending = [];
    const result = await this.#store.append(this.#ref, updates);
    assert.equal(result.kind, 'written');
    for (const update of updates) applyUpdate(this.#appended, update);
    this.#lastSeq += updates.length;
    assert.deepEqual(result, { kind: 'written', lastSeq: this.#lastSeq });
  }

  async #appendStale(): Promise<void> {
    const stale = { ...this.#ref, epoch: 1 as Epoch };
    await this.#store.load(this.#ref);
    const doc = new Doc();
    doc.getText('text').insert(0, 'stale');
    assert.deepEqual(await this.#store.append(stale, [encodeStateAsUpdate(doc)]), { kind: 'fenced' });
  }

  async #compact(snapshot: { throughSeq: number; bytes: Uint8Array }): Promise<void> {
    await this.#store.compact(this.#ref, snapshot);
  }

  #takeSnapshot(): { throughSeq: number; bytes: Uint8Array } {
    return { throughSeq: this.#lastSeq, bytes: encodeStateAsUpdate(this.#appended) };
  }
}

/** Declares the test. */
export function testDocumentHistories(openScene: OpenDocumentScene): void {
  void test('any order of appends, snapshots, late snapshots, loads and stale writes gives the same document', async (t) => {
    const { store } = await openDocuments(t, openScene);
    let round = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        const model = new Model(store, `key-${round++}`);
        for (const step of steps) await model.run(step);
        await model.check();
      }),
      { numRuns: 100 },
    );
  });
}
