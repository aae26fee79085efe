/**
 * Where sessions outlive their edge: per key its roster, the requests that wait, and the births that have ended.
 * A key is claimed for an epoch; every write asks for exactly that epoch, and changes nothing where it is another.
 */
import type { Fenced, SessionRef } from './document-store.ts';

/** A session as its last write left it; the bytes are the caller's. */
export interface StoredRoster {
  readonly birth: number;
  readonly bytes: Uint8Array;
}

export interface RecalledKey {
  readonly kind: 'recalled';
  /** Undefined where no session of the key is running. */
  readonly roster: StoredRoster | undefined;
  /** As it was noted last; of the same session as the roster. */
  readonly requests: Uint8Array | undefined;
  /** Births of the key's sessions that are over. */
  readonly endedBirths: readonly number[];
}

export interface RosterWritten {
  readonly kind: 'written';
}

export interface RosterRule {
  /** Rosters that nobody used, and ends, are kept for so long: as long as tokens live. */
  readonly keptForMs: number;
  /** Keys, and ends, that go in one call. */
  readonly limit: number;
}

/** Calls reject with `roster-unavailable` where the store fails; then a write may still have happened. */
export interface RosterStore {
  /** Claims the key for the epoch, so that every older one is fenced from now on, and gives what is stored. */
  claim(ref: SessionRef): Promise<RecalledKey | Fenced>;
  /** Resolves when the roster is on the disk, in the place of the one before. */
  save(ref: SessionRef, roster: StoredRoster): Promise<RosterWritten | Fenced>;
  /** Notes the requests that wait; undefined for none. */
  saveRequests(ref: SessionRef, bytes: Uint8Array | undefined): Promise<RosterWritten | Fenced>;
  /** Removes the roster and remembers that this birth is over. */
  end(ref: SessionRef, birth: number): Promise<RosterWritten | Fenced>;
  /**
   * Removes what is older than the rule allows, and returns how much that was; keys in `held` count as used now, if
   * their epoch is the newest. Time counts while an edge of the store asks, as for documents. A key that is
   * removed has no epoch any more, so whoever still writes to it is fenced.
   */
  removeExpired(held: readonly SessionRef[], rule: RosterRule): Promise<number>;
  /** Ends after the calls made so far. */
  close(): Promise<void>;
}
