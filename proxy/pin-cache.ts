/**
 * Pins that this front door has seen, least recently used out first, give or take a quarter of the cache. Only a cache: a
 * stale entry of an edge costs one round trip (it answers 421), never a split; one of a static backend is not used (`vouchesFor`).
 */
import type { AffinityKey } from '#shared/ids.ts';
import type { Pin } from './directory/directory.ts';

interface Entry<P> {
  readonly pin: P;
  /** Uses of the cache before this entry was moved to the end. */
  movedAt: number;
}

export class PinCache<P extends Pin = Pin> {
  /** From the one that was moved to the end longest ago. */
  readonly #entries = new Map<AffinityKey, Entry<P>>();
  readonly #pinsMax: number;
  /** An entry that was moved less than so many uses ago stays where it is: moving costs more than finding. */
  readonly #restUses: number;
  #uses = 0;

  constructor(pinsMax: number) {
    this.#pinsMax = pinsMax;
    this.#restUses = Math.floor(pinsMax / 4);
  }

  get(key: AffinityKey): P | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (++this.#uses - entry.movedAt > this.#restUses) this.#moveToEnd(entry);
    return entry.pin;
  }

  /** Keeps the newer of two pins: an answer that overtook another must not bring an old owner back. */
  put(pin: P): void {
    const known = this.#entries.get(pin.key)?.pin;
    if (known !== undefined && known.epoch > pin.epoch) return;
    this.#uses++;
    this.#moveToEnd({ pin, movedAt: 0 });
    if (this.#entries.size > this.#pinsMax) this.#entries.delete(this.#entries.keys().next().value!);
  }

  drop(key: AffinityKey): void {
    this.#entries.delete(key);
  }

  #moveToEnd(entry: Entry<P>): void {
    entry.movedAt = this.#uses;
    this.#entries.delete(entry.pin.key);
    this.#entries.set(entry.pin.key, entry);
  }
}
