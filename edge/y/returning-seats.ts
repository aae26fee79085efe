/**
 * Who of y-websocket comes back, and so needs no new seat of a licence. Members have no names: what counts is the session. After a
 * connection broke, the next one of its session has its seat; after a session came from another edge, all that come at once are its members.
 */
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { AdmittedExchange } from '../adapter.ts';

/** Clients come back within seconds; the slowest of their pauses is 2.5 s. */
const keptMs = 30_000;
/** The peer has said no goodbye: RFC 6455 section 7.1.5. */
const brokenCode = 1006;
/** Sessions whose arrival is remembered: so that one that was quiet for a while is no arrival. */
const arrivalsMax = 50_000;

interface Arrival {
  readonly epoch: Epoch;
  /** Those who come until then are its members. */
  readonly untilMs: number;
}

export class ReturningSeats {
  readonly #nowMs: () => number;
  /** When each seat that a broken connection has left is given up. */
  readonly #keptUntilMs = new Map<AffinityKey, number[]>();
  readonly #arrivals = new Map<AffinityKey, Arrival>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  vacate(key: AffinityKey, closeCode: number): void {
    if (closeCode !== brokenCode) return;
    this.#keptUntilMs.set(key, [...(this.#keptUntilMs.get(key) ?? []), this.#nowMs() + keptMs]);
  }

  /** Whether this one comes back; a seat that was kept is then its own. */
  take({ key, epoch, isNew = false }: AdmittedExchange, wasStored: boolean): boolean {
    const now = this.#nowMs();
    this.#giveUpOld();
    const kept = this.#keptUntilMs.get(key);
    if (kept !== undefined) {
      kept.shift();
      if (kept.length === 0) this.#keptUntilMs.delete(key);
      return true;
    }
    return this.#arrivalOf(key, epoch, isNew).untilMs > now && wasStored;
  }

  /** The session goes on elsewhere. */
  forget(key: AffinityKey): void {
    this.#keptUntilMs.delete(key);
    this.#arrivals.delete(key);
  }

  /** Seats that are kept. */
  get count(): number {
    this.#giveUpOld();
    let count = 0;
    for (const kept of this.#keptUntilMs.values()) count += kept.length;
    return count;
  }

  #arrivalOf(key: AffinityKey, epoch: Epoch, isNew: boolean): Arrival {
    const known = this.#arrivals.get(key);
    // The exchange that placed the key may come behind others of it.
    if (known?.epoch === epoch && !isNew) return known;
    const arrival = { epoch, untilMs: isNew ? 0 : this.#nowMs() + keptMs };
    // The oldest is the first.
    this.#arrivals.delete(key);
    this.#arrivals.set(key, arrival);
    const [oldest] = this.#arrivals.keys();
    if (this.#arrivals.size > arrivalsMax && oldest !== undefined) this.#arrivals.delete(oldest);
    return arrival;
  }

  #giveUpOld(): void {
    const now = this.#nowMs();
    for (const [key, kept] of this.#keptUntilMs) {
      const left = kept.filter((untilMs) => untilMs > now);
      if (left.length === 0) this.#keptUntilMs.delete(key);
      else this.#keptUntilMs.set(key, left);
    }
  }
}
