/** Removes documents that nobody has had open for as long as they are kept, and tells the store which are open here. */
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { DocumentStore, SessionRef } from '../store/document-store.ts';
import { RemovalRounds } from '../store/removal-rounds.ts';

interface KeeperOptions {
  readonly store: DocumentStore;
  /** 0 keeps everything for ever. */
  readonly keepMs: number;
  /** Sessions that have a document open on this edge. */
  readonly held: () => readonly SessionRef[];
  readonly log: Log;
  readonly metrics: Metrics;
}

export class DocumentKeeper extends RemovalRounds {
  constructor({ store, keepMs, held, log, metrics }: KeeperOptions) {
    const unusedForMs = keepMs === 0 ? Infinity : keepMs;
    super({
      removeSome: async (limit) => await store.removeUnused(held(), { unusedForMs, limit }),
      onRemoved: (sessions) => {
        metrics.count('ct_edge_sessions_forgotten_total', {}, sessions);
        log.info('documents.removed', { sessions });
      },
      log,
    });
  }
}
