/**
 * Pins that this front door has seen, least recently used out first. Only a cache: a stale entry of an edge
 * costs one round trip (it answers 421), never a split; one of a static backend is not used (`vouchesFor`).
 */
import type { AffinityKey } from '#shared/ids.ts';
import type { Pin } from './directory/directory.ts';

export class PinCache<P extends Pin = Pin> {
  readonly #pins = new Map<AffinityKey, P>();
  readonly #pinsMax: number;

  constructor(pinsMax: number) {
    this.#pinsMax = pinsMax;
  }

  get(key: AffinityKey): P | undefined {
    const pin = this.#pins.get(key);
    if (pin === undefined) return undefined;
    this.#pins.delete(key);
    this.#pins.set(key, pin);
    return pin;
  }

  /** Keeps the newer of two pins: an answer that overtook another must not bring an old owner back. */
  put(pin: P): void {
    const known = this.#pins.get(pin.key);
    if (known !== undefined && known.epoch > pin.epoch) return;
    this.#pins.delete(pin.key);
    this.#pins.set(pin.key, pin);
    if (this.#pins.size > this.#pinsMax) this.#pins.delete(this.#pins.keys().next().value!);
  }

  drop(key: AffinityKey): void {
    this.#pins.delete(key);
  }
}
