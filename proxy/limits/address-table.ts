/**
 * What each client address has open and how fast it comes, in bounded memory: who has something open is kept, and that is bounded
 * by descriptors; who has nothing open is kept until its buckets are full again, for then it is as one that never came.
 */
import { groupOfAddress } from '../core/address-group.ts';
import { fullSince, takeToken } from '../core/token-bucket.ts';
import type { Rate } from '../core/token-bucket.ts';

export type Bucket = 'connections' | 'keys';

interface Entry {
  open: number;
  /** When each bucket is full again. */
  readonly fullAtMs: Record<Bucket, number>;
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

  /** Forgets who has nothing open and full buckets. */
  sweep(): void {
    for (const [group, entry] of this.#entries) if (this.#saysNothing(entry)) this.#entries.delete(group);
  }

  #entryOf(address: string): Entry {
    const group = groupOfAddress(address);
    let entry = this.#entries.get(group);
    if (entry === undefined) {
      if (this.#entries.size >= this.#max) this.#makeRoom();
      entry = { open: 0, fullAtMs: { connections: fullSince, keys: fullSince } };
      this.#entries.set(group, entry);
    }
    return entry;
  }

  /** The first that says nothing goes, or else the first that has nothing open; those passed over go behind the others. */
  #makeRoom(): void {
    let idle: string | undefined;
    let looks = 0;
    for (const [group, entry] of this.#entries) {
      if (++looks > looksMax) break;
      if (this.#saysNothing(entry)) return void this.#entries.delete(group);
      if (entry.open === 0) idle ??= group;
      else {
        this.#entries.delete(group);
        this.#entries.set(group, entry);
      }
    }
    if (idle !== undefined) this.#entries.delete(idle);
  }

  #saysNothing({ open, fullAtMs }: Entry): boolean {
    const now = this.#nowMs();
    return open === 0 && fullAtMs.connections <= now && fullAtMs.keys <= now;
  }
}
