/**
 * Who of y-websocket comes back, and so needs no new seat of a licence. Members have no names: what counts is the session. After a
 * connection broke, the next one of its session has its seat; after a session came from another edge, all that come at once are its members.
 */
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { AdmittedExchange } from '../adapter.ts';

/** Clients come back within seconds; the slowest of their pauses is 2.5 s. */
const keptMs = 30_000;
/** Sessions whose arrival is remembered: so that one that was quiet for a while is no arrival. */
const arrivalsMax = 50_000;

interface Arrival {
  readonly epoch: Epoch;
  /** Those who come until then are its members. */
  readonly untilMs: number;
}

export class ReturningSeats {
  readonly #nowMs: () => number;
  /** When each seat that a broken connection has left is given up; the session that was left last is the last. */
  readonly #keptUntilMs = new Map<AffinityKey, number[]>();
  readonly #arrivals = new Map<AffinityKey, Arrival>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  vacate(key: AffinityKey): void {
    const kept = this.#keptOf(key) ?? [];
    kept.push(this.#nowMs() + keptMs);
    this.#keptUntilMs.delete(key);
    this.#keptUntilMs.set(key, kept);
  }

  /** Whether this one comes back: to a seat that was `kept`, which is its own then, or as one of a session that `moved` here. */
  take({ key, epoch, isNew = false }: AdmittedExchange, wasStored: boolean): 'kept' | 'moved' | undefined {
    this.#giveUpOld();
    const kept = this.#keptOf(key);
    if (kept !== undefined) {
      kept.shift();
      if (kept.length === 0) this.#keptUntilMs.delete(key);
      return 'kept';
    }
    const isMember = this.#arrivalOf(key, epoch, isNew).untilMs > this.#nowMs() && wasStored;
    return isMember ? 'moved' : undefined;
  }

  /** The session goes on elsewhere. */
  forget(key: AffinityKey): void {
    this.#keptUntilMs.delete(key);
    this.#arrivals.delete(key);
  }

  /** Seats that are kept. */
  get count(): number {
    const now = this.#nowMs();
    let count = 0;
    for (const kept of this.#keptUntilMs.values()) count += kept.filter((untilMs) => untilMs > now).length;
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

  /** Seats of one session without those that are given up; undefined where none is left. */
  #keptOf(key: AffinityKey): number[] | undefined {
    const kept = this.#keptUntilMs.get(key);
    if (kept === undefined) return undefined;
    const now = this.#nowMs();
    while (kept.length > 0 && kept[0]! <= now) kept.shift();
    return kept.length === 0 ? undefined : kept;
  }

  /** Looks no further than the first session that has one left. */
  #giveUpOld(): void {
    const now = this.#nowMs();
    for (const [key, kept] of this.#keptUntilMs) {
      if ((kept.at(-1) ?? 0) > now) return;
      this.#keptUntilMs.delete(key);
    }
  }
}
