/**
 * Holds the newcomers of sessions that move, for as long as a move may take. Bounded in number and time: beyond
 * either a newcomer is told to come back.
 */
import { AppError } from '#shared/errors.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { BoundMetric, Metrics } from '#shared/metrics.ts';
import { timing } from '#shared/timing.ts';

/** Newcomers of all sessions; each holds a connection and a request head. */
const waitingMax = 10_000;

export class MoveGate {
  readonly #closed = new Map<AffinityKey, Promise<void>>();
  readonly #waitingNow: BoundMetric;
  #waiting = 0;

  constructor(metrics: Metrics) {
    this.#waitingNow = metrics.bind('ct_proxy_gate_waiting');
  }

  isClosed(key: AffinityKey): boolean {
    return this.#closed.has(key);
  }

  /** Closes the gate of a key that is open; what it returns opens it again. */
  close(key: AffinityKey): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed.set(key, promise);
    return () => {
      this.#closed.delete(key);
      resolve();
    };
  }

  /** Resolves when the gate is open or the client has left; throws `session-moving` where that takes too long. */
  async pass(key: AffinityKey, signal: AbortSignal): Promise<void> {
    const opened = this.#closed.get(key);
    if (opened === undefined) return;
    if (this.#waiting >= waitingMax) throw new AppError('too-many-waiting');
    const over = Promise.withResolvers<'late' | 'left'>();
    const timer = setTimeout(() => over.resolve('late'), timing.gateMaxMs);
    const onLeft = (): void => over.resolve('left');
    signal.addEventListener('abort', onLeft);
    this.#count(1);
    const first = await Promise.race([opened, over.promise]);
    this.#count(-1);
    clearTimeout(timer);
    signal.removeEventListener('abort', onLeft);
    if (first === 'late') throw new AppError('session-moving');
  }

  #count(by: number): void {
    this.#waiting += by;
    this.#waitingNow.add(by);
  }
}
