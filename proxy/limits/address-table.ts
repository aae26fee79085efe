/**
 * What each client address has open and how fast it comes, in bounded memory: who has something open is kept, and that is bounded
 * by descriptors; who has nothing open is kept until its buckets are full again and floods are forgotten, for then it is as one that
 * never came.
 */
import { groupOfAddress } from '../core/address-group.ts';
import { noPenalty, penaltyAfterFlood } from '../core/flood-penalty.ts';
import type { Penalty } from '../core/flood-penalty.ts';
import { bookTurn, fullSince, takeToken } from '../core/token-bucket.ts';
import type { Rate } from '../core/token-bucket.ts';

export type Bucket = 'connections' | 'entries' | 'keys' | 'unanswered';

interface Entry {
  open: number;
  /** When each bucket is full again. */
  readonly fullAtMs: Record<Bucket, number>;
  penalty: Penalty;
}

export type Counted = { readonly leave: () => void };

/** 200 bytes each. Who wants to push somebody else out needs as many addresses within the time of a bucket. */
const entriesMax = 100_000;
/** Entries that are looked at to make room for one. */
const looksMax = 32;

export class AddressTable {
  readonly #entries = new Map<string, Entry>();
  readonly #nowMs: () => number;
  readonly #max: number;

  constructor(nowMs: () => number, max = entriesMax) {
    this.#nowMs = nowMs;
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What an address has open. */
  openOf(address: string): number {
    return this.#entries.get(groupOfAddress(address))?.open ?? 0;
  }

  /** Counts something that is open until it is said to leave; undefined where the address has `max` already. */
  open(address: string, max: number): Counted | undefined {
    const entry = this.#entryOf(address);
    if (entry.open >= max) return undefined;
    entry.open++;
    let isOpen = true;
    const leave = (): void => {
      if (isOpen) entry.open--;
      isOpen = false;
    };
    return { leave };
  }

  /** Takes one event from a bucket of the address; false where it is empty. */
  take(address: string, bucket: Bucket, rate: Rate): boolean {
    const { fullAtMs } = this.#entryOf(address);
    const next = takeToken(fullAtMs[bucket], this.#nowMs(), rate);
    if (next === undefined) return false;
    fullAtMs[bucket] = next;
    return true;
  }

  /** How long an event of the address waits for its turn. */
  book(address: string, bucket: Bucket, rate: Rate): number {
    const { fullAtMs } = this.#entryOf(address);
    const turn = bookTurn(fullAtMs[bucket], this.#nowMs(), rate);
    fullAtMs[bucket] = turn.fullAtMs;
    return turn.waitMs;
  }

  /** Whether the address opens nothing for now, for it flooded. */
  isPenalized(address: string): boolean {
    const penalty = this.#entries.get(groupOfAddress(address))?.penalty ?? noPenalty;
    return this.#nowMs() < penalty.refusedUntilMs;
  }

  /** The address flooded; undefined where that changes nothing. */
  penalize(address: string, maxMs: number): Penalty | undefined {
    const entry = this.#entryOf(address);
    const next = penaltyAfterFlood(entry.penalty, this.#nowMs(), maxMs);
    if (next !== undefined) entry.penalty = next;
    return next;
  }

  /** How many addresses open nothing for now. */
  get penalized(): number {
    const now = this.#nowMs();
    let penalized = 0;
    for (const { penalty } of this.#entries.values()) if (now < penalty.refusedUntilMs) penalized++;
    return penalized;
  }

  /** Forgets who has nothing open, full buckets and no floods. */
  sweep(): void {
    for (const [group, entry] of this.#entries) if (this.#saysNothing(entry)) this.#entries.delete(group);
  }

  #entryOf(address: string): Entry {
    const group = groupOfAddress(address);
    let entry = this.#entries.get(group);
    if (entry === undefined) {
      if (this.#entries.size >= this.#max) this.#makeRoom();
      const fullAtMs = { connections: fullSince, entries: fullSince, keys: fullSince, unanswered: fullSince };
      entry = { open: 0, fullAtMs, penalty: noPenalty };
      this.#entries.set(group, entry);
    }
    return entry;
  }

  /**
   * The first that says nothing goes, or else the first that has nothing open, one without a penalty before one that bought itself one
   * address more; those passed over go behind the others.
   */
  #makeRoom(): void {
    let idle: string | undefined;
    let penalized: string | undefined;
    let looks = 0;
    for (const [group, entry] of this.#entries) {
      if (++looks > looksMax) break;
      if (this.#saysNothing(entry)) return void this.#entries.delete(group);
      if (entry.open === 0 && entry.penalty === noPenalty) idle ??= group;
      else {
        if (entry.open === 0) penalized ??= group;
        this.#entries.delete(group);
        this.#entries.set(group, entry);
      }
    }
    const leaving = idle ?? penalized;
    if (leaving !== undefined) this.#entries.delete(leaving);
  }

  #saysNothing({ open, fullAtMs, penalty }: Entry): boolean {
    const now = this.#nowMs();
    if (open > 0 || now < penalty.forgottenAtMs) return false;
    return Object.values(fullAtMs).every((ms) => ms <= now);
  }
}
