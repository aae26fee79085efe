/** Writes a session's roster as it is to be, or its end; claims the key first where that has not been done. */
import type { Metrics } from '#shared/metrics.ts';
import { takeRoster } from '../core/durable-roster.ts';
import type { SessionState } from '../core/session-state.ts';
import type { SessionRef } from '../store/document-store.ts';
import type { RosterStore } from '../store/roster-store.ts';
import { packHandover } from './handover.ts';

export interface WriterOptions {
  readonly ref: SessionRef;
  readonly isClaimed: boolean;
  readonly store: RosterStore;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
}

export type WriteOutcome =
  | { readonly kind: 'written' | 'fenced' }
  /** It may have happened all the same. */
  | { readonly kind: 'failed'; readonly error: unknown };

export class RosterWriter {
  readonly #options: WriterOptions;
  #isClaimed: boolean;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#isClaimed = options.isClaimed;
  }

  /** The key is this edge's; nothing may be written before. */
  get isClaimed(): boolean {
    return this.#isClaimed;
  }

  /** Never rejects. */
  async write(state: SessionState): Promise<WriteOutcome> {
    const { ref, store, metrics, nowMs } = this.#options;
    const startedMs = nowMs();
    try {
      if (!this.#isClaimed && (await store.claim(ref)).kind === 'fenced') return { kind: 'fenced' };
      this.#isClaimed = true;
      const { kind } = await this.#put(state);
      metrics.observe('ct_edge_roster_seconds', (nowMs() - startedMs) / 1_000);
      return { kind };
    } catch (error) {
      metrics.count('ct_edge_roster_failures_total');
      return { kind: 'failed', error };
    }
  }

  async #put(state: SessionState): Promise<{ readonly kind: 'written' | 'fenced' }> {
    const { ref, store, nowMs } = this.#options;
    const { birth, hasEnded } = state;
    if (hasEnded) return await store.end(ref, birth);
    const snapshot = takeRoster(state, nowMs());
    return await store.save(ref, { birth, bytes: packHandover({ snapshot, cards: [] }) });
  }
}
