/**
 * Removes from a store, round by round, what nobody has used for as long as it is kept. A failure is logged; the next
 * round tries again.
 */
import { toAppError } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';

interface RoundsOptions {
  /** Removes so much at once, and returns how much that was. */
  readonly removeSome: (limit: number) => Promise<number>;
  readonly onRemoved: (count: number) => void;
  readonly log: Log;
}

/** Things are kept for hours, so one that is in use is noted many times before it could be taken for unused. */
const roundIntervalMs = 600_000;
/** In one transaction, which others wait behind. */
const removedAtOnceMax = 50;

export class RemovalRounds {
  readonly #options: RoundsOptions;
  readonly #rounds: NodeJS.Timeout;
  #isClosed = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.#rounds = setInterval(() => void this.sweep(), roundIntervalMs).unref();
  }

  /** One round; never rejects. */
  async sweep(): Promise<void> {
    const { removeSome, onRemoved, log } = this.#options;
    try {
      for (;;) {
        const removed = await removeSome(removedAtOnceMax);
        if (removed > 0) onRemoved(removed);
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
