/**
 * Removes the rosters of sessions that nobody came back to, and the memory of ends, when no token of them can live any
 * more; tells the store which sessions are here.
 */
import type { Log } from '#shared/log.ts';
import type { SessionRef } from '../store/document-store.ts';
import { RemovalRounds } from '../store/removal-rounds.ts';
import type { RosterStore } from '../store/roster-store.ts';

interface KeeperOptions {
  readonly store: RosterStore;
  readonly tokenLifetimeMs: number;
  /** Sessions of this edge. */
  readonly held: () => readonly SessionRef[];
  readonly log: Log;
}

/** A token is made a moment after what it is for was written; and a round looks every ten minutes. */
const marginMs = 3_600_000;

export class RosterKeeper extends RemovalRounds {
  constructor({ store, tokenLifetimeMs, held, log }: KeeperOptions) {
    const keptForMs = tokenLifetimeMs + marginMs;
    super({
      removeSome: async (limit) => await store.removeExpired(held(), { keptForMs, limit }),
      onRemoved: (count) => log.info('rosters.removed', { count }),
      log,
    });
  }
}
