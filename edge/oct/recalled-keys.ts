/**
 * What the store says of keys that have come to this edge: asked once per key and epoch, which also fences every
 * older epoch. Holds the births that have ended, whose tokens are refused. Bounded: what is forgotten is asked again.
 */
import { AppError } from '#shared/errors.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { AdmittedExchange } from '../adapter.ts';
import type { RecalledKey, RosterStore } from '../store/roster-store.ts';

interface Entry {
  readonly epoch: Epoch;
  readonly ended: Set<number>;
  /** This edge has let the key go under this epoch. */
  readonly isReleased: boolean;
  loading: Promise<void> | undefined;
}

/** Some 200 bytes each. */
const keysMax = 10_000;

export class RecalledKeys {
  readonly #store: RosterStore;
  readonly #entries = new Map<AffinityKey, Entry>();

  constructor(store: RosterStore) {
    this.#store = store;
  }

  /**
   * Asks the store, once; `onRecalled` goes on with what is there, before anybody else hears of it. Throws
   * `roster-unavailable`, `fenced`, `stale-epoch` where another exchange brought a higher epoch meanwhile, and what
   * `onRecalled` throws; the next exchange asks again.
   */
  async recall(exchange: AdmittedExchange, onRecalled: (recalled: RecalledKey) => void): Promise<void> {
    const { key, epoch } = exchange;
    const known = this.#entries.get(key);
    if (known !== undefined && known.epoch >= epoch) {
      if (known.isReleased) throw new AppError('edge-leaving');
      if (known.epoch > epoch) throw new AppError('stale-epoch');
      return await known.loading;
    }
    const entry: Entry = { epoch, ended: new Set(), isReleased: false, loading: undefined };
    entry.loading = this.#load(exchange, entry, onRecalled);
    this.#put(key, entry);
    await entry.loading;
  }

  /** What was just handed over to this edge needs no question. */
  adopt(key: AffinityKey, epoch: Epoch): void {
    const ended = this.#entries.get(key)?.ended ?? new Set();
    this.#put(key, { epoch, ended, isReleased: false, loading: undefined });
  }

  hasEnded(key: AffinityKey, birth: number): boolean {
    return this.#entries.get(key)?.ended.has(birth) ?? false;
  }

  noteEnd(key: AffinityKey, birth: number): void {
    this.#entries.get(key)?.ended.add(birth);
  }

  forget(key: AffinityKey): void {
    this.#entries.delete(key);
  }

  /** From now on an exchange that was admitted before must not bring the session back here. */
  release(key: AffinityKey): void {
    const known = this.#entries.get(key);
    if (known !== undefined) this.#put(key, { ...known, isReleased: true });
  }

  async #load(
    { key, epoch }: AdmittedExchange,
    entry: Entry,
    onRecalled: (recalled: RecalledKey) => void,
  ): Promise<void> {
    try {
      const recalled = await this.#store.claim({ key, epoch });
      if (this.#entries.get(key) !== entry) throw new AppError('stale-epoch');
      if (recalled.kind === 'fenced') throw new AppError('fenced');
      for (const birth of recalled.endedBirths) entry.ended.add(birth);
      onRecalled(recalled);
      entry.loading = undefined;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  #put(key: AffinityKey, entry: Entry): void {
    // The newest is the last.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > keysMax) this.#entries.delete(this.#entries.keys().next().value!);
  }
}
