/**
 * The way of a document's updates to the store: those of one turn of the event loop are a batch, and while one is
 * at the disk the next one gathers. An update, and an answer that rests on it, comes out after its commit, in
 * order; after a failure or a fence nothing comes out any more. Every so often, and at the end, a snapshot takes
 * the place of the updates.
 */
import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { Metrics } from '#shared/metrics.ts';
import type { DocumentRef, DocumentStore, StoredDocument } from '../store/document-store.ts';
import { isCompactionDue } from './limits.ts';

export interface CommittedUpdate<Member> {
  readonly bytes: Uint8Array;
  readonly sender: Member;
}

export interface Commit<Member> {
  readonly updates: readonly CommittedUpdate<Member>[];
  /** Messages that had to wait for these updates; one for a member, as a later one holds more. */
  readonly answers: ReadonlyMap<Member, Uint8Array>;
}

export interface UpdateLogOptions<Member> {
  readonly ref: DocumentRef;
  readonly stored: StoredDocument;
  readonly store: DocumentStore;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
  /** The whole document as an update. */
  readonly takeSnapshot: () => Uint8Array;
  readonly onCommitted: (commit: Commit<Member>) => void;
  readonly onFenced: () => void;
  /** An append failed: what members sent may be lost. */
  readonly onFailed: (error: unknown) => void;
  /** A snapshot failed; the updates are still there and another attempt follows. */
  readonly onCompactionFailed: (error: unknown) => void;
}

interface Batch<Member> {
  readonly updates: CommittedUpdate<Member>[];
  readonly answers: Map<Member, Uint8Array>;
  bytes: number;
}

export class UpdateLog<Member> {
  readonly #options: UpdateLogOptions<Member>;
  #gathering: Batch<Member> = emptyBatch();
  #writing: Batch<Member> | undefined;
  #written: Promise<void> = Promise.resolve();
  #lastSeq: number;
  #snapshotSeq: number;
  #attemptSeq: number;
  /** Something is to be written, or being written. */
  #isBusy = false;
  #ended = false;

  constructor(options: UpdateLogOptions<Member>) {
    this.#options = options;
    this.#lastSeq = options.stored.lastSeq;
    this.#snapshotSeq = this.#lastSeq - options.stored.updates.length;
    this.#attemptSeq = this.#snapshotSeq;
  }

  /** Bytes that wait for their commit. */
  get waitingBytes(): number {
    return this.#gathering.bytes + (this.#writing?.bytes ?? 0);
  }

  add(update: CommittedUpdate<Member>): void {
    if (this.#ended) return;
    this.#gathering.updates.push(update);
    this.#gathering.bytes += update.bytes.byteLength;
    if (!this.#isBusy) this.#written = this.#write();
  }

  /** True when the answer waits for the updates so far; false when nothing is on its way to the disk. */
  holdAnswer(member: Member, message: Uint8Array): boolean {
    const batches = [this.#gathering, this.#writing];
    const last = batches.find((batch) => batch !== undefined && batch.updates.length > 0);
    last?.answers.set(member, message);
    return last !== undefined;
  }

  /** Resolves when all is written and, where anything came since the last one, a snapshot too; never rejects. */
  async finish(): Promise<void> {
    while (this.#isBusy) await this.#written;
    if (this.#lastSeq > this.#snapshotSeq) await this.#compact();
  }

  /** Starts no further write and reports nothing any more. */
  end(): void {
    this.#ended = true;
    this.#gathering = emptyBatch();
  }

  async #write(): Promise<void> {
    this.#isBusy = true;
    // What one read brings comes in update by update: together they are one commit.
    await endOfTurn();
    while (!this.#ended && this.#gathering.updates.length > 0) {
      const batch = this.#gathering;
      this.#writing = batch;
      this.#gathering = emptyBatch();
      await this.#append(batch);
      if (isCompactionDue(this.#lastSeq, this.#attemptSeq)) await this.#compact();
    }
    this.#writing = undefined;
    this.#isBusy = false;
  }

  async #append(batch: Batch<Member>): Promise<void> {
    const { store, ref, metrics, nowMs, onCommitted, onFenced, onFailed } = this.#options;
    const startedMs = nowMs();
    let result;
    try {
      result = await store.append(
        ref,
        batch.updates.map((update) => update.bytes),
      );
    } catch (error) {
      if (!this.#ended) onFailed(error);
      return;
    }
    metrics.observe('ct_edge_commit_seconds', (nowMs() - startedMs) / 1_000);
    if (this.#ended) return;
    if (result.kind === 'fenced') return onFenced();
    this.#lastSeq = result.lastSeq;
    // An answer that comes up during a compaction has nothing of this batch to wait for.
    this.#writing = emptyBatch();
    onCommitted(batch);
  }

  async #compact(): Promise<void> {
    if (this.#ended) return;
    const { store, ref, takeSnapshot, onFenced, onCompactionFailed } = this.#options;
    const throughSeq = this.#lastSeq;
    this.#attemptSeq = throughSeq;
    try {
      // The document may hold updates whose commit is still to come: they are stored a little early, and
      // applying them twice is applying them once.
      const result = await store.compact(ref, { throughSeq, bytes: takeSnapshot() });
      if (this.#ended) return;
      if (result.kind === 'fenced') return onFenced();
      this.#snapshotSeq = Math.max(this.#snapshotSeq, throughSeq);
    } catch (error) {
      if (!this.#ended) onCompactionFailed(error);
    }
  }
}

function emptyBatch<Member>(): Batch<Member> {
  return { updates: [], answers: new Map(), bytes: 0 };
}
