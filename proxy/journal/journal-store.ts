/**
 * The journal's store: who did what, and how much edges are used. Times of `stored` are the store's own clock at the insert.
 * Implementations must pass `journal-conformance.ts`. Calls throw `journal-unavailable` when they cannot be carried out.
 */
import type {
  JournalEntry,
  JournalEvent,
  JournalRecord,
  UsageSample,
} from '#shared/journal/journal-record.ts';

interface Stored {
  /** Rises in the order in which records came in. */
  readonly id: number;
  readonly storedMs: number;
}

export type StoredEntry = Omit<JournalEntry, 'kind'> & Stored;
export type StoredUsage = Omit<UsageSample, 'kind'> & Stored;

/** Newest first. */
export interface JournalQuery {
  /** Stored at this time or later. */
  readonly sinceMs?: number | undefined;
  /** Of an older id than this, which the page before has ended with. */
  readonly before?: number | undefined;
  readonly limit: number;
  /** Hash of a session's key; for entries. */
  readonly key?: string | undefined;
  /** Of these events alone; for entries. */
  readonly events?: readonly JournalEvent[] | undefined;
  /** Edge id; for samples. */
  readonly origin?: string | undefined;
}

export interface KeepRule {
  readonly auditKeepMs: number;
  readonly usageKeepMs: number;
  /** Records that go at most, of each kind. */
  readonly limit: number;
}

export interface JournalStore {
  /** All of them or none; one that is there already is left as it is. Gives how many were new; MySQL counts one that comes again, too. */
  append(records: readonly JournalRecord[]): Promise<number>;
  listEntries(query: JournalQuery): Promise<readonly StoredEntry[]>;
  listUsage(query: JournalQuery): Promise<readonly StoredUsage[]>;
  /** Removes what was stored longer ago; returns how many records that were. */
  removeOld(rule: KeepRule): Promise<number>;
  close(): Promise<void>;
}
