/** What a session on this edge is made of: what all of them share, and what is its own. */
import type { AffinityKey } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { SessionTokens } from '#shared/session-token.ts';
import type { PaceLimits } from '../core/sender-pace.ts';
import type { SessionState } from '../core/session-state.ts';
import type { RulesDesk } from '../rules-desk.ts';
import type { RosterStore } from '../store/roster-store.ts';
import type { Traffic } from '../traffic.ts';
import type { CardRecord } from './join-desk.ts';

/** What all sessions of the adapter share. */
export interface SessionContext {
  readonly sendBufferMaxBytes: number;
  readonly pace: PaceLimits;
  /** Of the pool, as they are now. */
  readonly rules: Pick<RulesDesk, 'life' | 'hostingRefusal' | 'banner'>;
  readonly tokens: SessionTokens;
  readonly store: RosterStore;
  readonly metrics: Metrics;
  readonly traffic: Traffic;
  readonly nowMs: () => number;
}

export interface SessionOptions {
  readonly key: AffinityKey;
  readonly state: SessionState;
  /** Of guests who wait; from the edge that had the session before. */
  readonly cards?: readonly CardRecord[];
  readonly log: Log;
  readonly context: SessionContext;
  /** The store has the key for this epoch, and the state as it is. */
  readonly isClaimed: boolean;
  readonly isStored: boolean;
  /** Who is its host may have been so before, which nothing here knows. */
  readonly isUnknown: boolean;
  readonly onEnded: () => void;
  readonly onFenced: () => void;
}
