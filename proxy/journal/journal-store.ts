/**
 * The journal's store: who did what, and how much edges are used. Times of `stored` are the store's own clock at the insert.
 * Implementations must pass `journal-conformance.ts`. Calls throw `journal-unavailable` when they cannot be carried out.
 */
import type { JournalEntry, JournalRecord, UsageSample } from '#shared/journal/journal-record.ts';
import type { JournalEvent } from '#shared/journal/journal-words.ts';
import type { DayFigures } from '../history/day-figures.ts';
import type { Tally } from '../history/fold.ts';
import type { EndedSession } from '../history/history.ts';

interface Stored {
  /** Rises in the order in which records came in. */
  readonly id: number;
  readonly storedMs: number;
}

export type StoredEntry = Omit<JournalEntry, 'kind' | 'person'> & Stored;
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

export interface Appended {
  /** Those that nobody had told before, so that each is told on once. */
  readonly fresh: readonly JournalRecord[];
  readonly ended: readonly EndedSession[];
}

export interface Removed {
  /** Rows that went; more may be left where one kind had as many as the limit. */
  readonly removed: number;
  readonly ended: readonly EndedSession[];
}

export interface StoredDay extends DayFigures {
  readonly day: string;
}

export interface CountQuery {
  readonly fromDay: string;
  readonly whats: readonly Tally['what'][];
  /** Else all days are added up, and the most comes first. */
  readonly byDay: boolean;
}

export interface StoredCount extends Omit<Tally, 'day'> {
  readonly day?: string;
}

export interface KeepRule {
  readonly auditKeepMs: number;
  readonly usageKeepMs: number;
  readonly historyKeepMs: number;
  /** Records that go at most, of each kind. */
  readonly limit: number;
}

export interface JournalStore {
  /** All of them or none, and the history with them; those of one process in their order. One that is there already is left as it is. */
  append(records: readonly JournalRecord[]): Promise<Appended>;
  listEntries(query: JournalQuery): Promise<readonly StoredEntry[]>;
  listUsage(query: JournalQuery): Promise<readonly StoredUsage[]>;
  /** Removes what was stored longer ago, and ends sessions that nobody went on with. */
  removeOld(rule: KeepRule): Promise<Removed>;
  /** Figures since a day, as 2026-11-28; days without any are left out. Oldest first. */
  historyDays(fromDay: string): Promise<readonly StoredDay[]>;
  historyCounts(query: CountQuery): Promise<readonly StoredCount[]>;
  /** Sessions whose pins are gone, by the hash of their keys: those that are not over are so now. */
  endSessions(keys: readonly string[]): Promise<readonly EndedSession[]>;
  /** Different people who are in sessions now, as far as edges have told; members without a login are each somebody. */
  historyPresent(): Promise<number>;
  /** Different people who were here since then. */
  historyUsers(sinceMs: number): Promise<number>;
  close(): Promise<void>;
}
