/**
 * Removes documents that nobody has had open for as long as they are kept, and tells the store now and then
 * which ones are open here. A failure is logged; the next round tries again.
 */
import { toAppError } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { DocumentStore, SessionRef } from '../store/document-store.ts';

interface KeeperOptions {
  readonly store: DocumentStore;
  /** 0 keeps everything for ever. */
  readonly keepMs: number;
  /** Sessions that have a document open on this edge. */
  readonly held: () => readonly SessionRef[];
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Documents are kept for days, so one that is open is noted a hundred times before it could be taken for unused. */
const roundIntervalMs = 600_000;
/** Sessions in one transaction, which others wait behind. */
const removedAtOnceMax = 50;

export class DocumentKeeper {
  readonly #options: KeeperOptions;
  readonly #rounds: NodeJS.Timeout;
  #isClosed = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#rounds = setInterval(() => void this.sweep(), roundIntervalMs).unref();
  }

  /** One round; never rejects. */
  async sweep(): Promise<void> {
    const { store, keepMs, held, log, metrics } = this.#options;
    try {
      for (;;) {
        const unusedForMs = keepMs === 0 ? Infinity : keepMs;
        const removed = await store.removeUnused(held(), { unusedForMs, limit: removedAtOnceMax });
        metrics.count('ct_edge_sessions_forgotten_total', {}, removed);
        if (removed > 0) log.info('documents.removed', { sessions: removed });
        if (removed < removedAtOnceMax || this.#isClosed) return;
      }
    } catch (error) {
      log.error('store.failed', { code: toAppError(error).code, error });
    }
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#rounds);
  }
}
