/**
 * Where documents of y sessions outlive their edge: a history of updates on top of a snapshot, per key and
 * document. Every call carries the caller's epoch: one below the stored epoch is `fenced` and changes nothing.
 */
import type { AffinityKey, Epoch } from '#shared/ids.ts';

/** A session's documents, and the right under which it runs. */
export interface SessionRef {
  readonly key: AffinityKey;
  readonly epoch: Epoch;
}

export interface DocumentRef extends SessionRef {
  readonly document: string;
}

/** Another edge has the session by now; the caller must drop it. */
export interface Fenced {
  readonly kind: 'fenced';
}

export interface StoredDocument {
  readonly kind: 'loaded';
  readonly snapshot: Uint8Array | undefined;
  /** What came after the snapshot, oldest first. */
  readonly updates: readonly Uint8Array[];
  /** Number of the last update, also where a snapshot covers it; 0 for a new document. */
  readonly lastSeq: number;
}

export interface DocumentWritten {
  readonly kind: 'written';
  readonly lastSeq: number;
}

/** The whole document after the update of this number; it may hold more. */
export interface Snapshot {
  readonly throughSeq: number;
  readonly bytes: Uint8Array;
}

/** Calls reject with `store-unavailable` where the store fails; then a write may still have happened. */
export interface DocumentStore {
  /** Claims the key for the epoch, so that every older one is fenced from now on. */
  load(ref: DocumentRef): Promise<StoredDocument | Fenced>;
  /** Resolves when the updates are on the disk. */
  append(ref: DocumentRef, updates: readonly Uint8Array[]): Promise<DocumentWritten | Fenced>;
  /** Puts the snapshot in the place of the updates that it covers; an older one than stored changes nothing. */
  compact(ref: DocumentRef, snapshot: Snapshot): Promise<DocumentWritten | Fenced>;
  /**
   * Removes the documents of up to `limit` sessions that nobody has used for longer, and returns of how many. Those in
   * `held` count as used now, if their epoch is the newest. Time counts while an edge of the store asks: neither a
   * pool that stood still nor a clock that jumps makes documents old. A session keeps its epoch, and a write to it
   * is fenced until its next load, so an edge that had the removed documents in memory cannot write half of them.
   */
  removeUnused(
    held: readonly SessionRef[],
    rule: { readonly unusedForMs: number; readonly limit: number },
  ): Promise<number>;
  /** Ends after the calls made so far. */
  close(): Promise<void>;
}
