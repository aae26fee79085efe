/**
 * Every key that this edge has seen: its epoch, its open connections, and whether the directory still has
 * to hear that its last connection closed (`idle`) or that it has one again (`live`). A mark is handed out
 * again with every report until a front door has confirmed one that held it, so that none is lost.
 */
import { ClaimDigest, bucketOf, claimBuckets } from '#shared/claim-digest.ts';
import type { ClaimedKey, KeyState } from '#shared/control-protocol.ts';
import { provisionalEpoch } from '#shared/ids.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';

type Mark = 'idle' | 'live';

interface Entry {
  epoch: Epoch;
  open: number;
  lastUsedMs: number;
  /** What the directory has on record, as far as we know; a pin is placed as `live`. */
  confirmed: Mark | undefined;
  /** This edge has handed the session over, and serves the epoch no more. */
  isLetGo: boolean;
  /** False since the right to the key ended, until an exchange shows it again: what is open is about to close. */
  isClaimed: boolean;
}

export interface MarkBatch {
  readonly idle: KeyState[];
  readonly live: KeyState[];
}

/** A key without a connection counts as idle after this: the socket that follows a request is on its way. */
export const quietMs = 2_000;

export class KeyRegistry {
  readonly #entries = new Map<AffinityKey, Entry>();
  /** All keys by bucket: a front door that compares asks for one after the other. */
  readonly #buckets: readonly Set<AffinityKey>[] = Array.from({ length: claimBuckets }, () => new Set());
  /** Keys whose mark may differ from the directory's. */
  readonly #unsettled = new Set<AffinityKey>();
  readonly #forgetAfterMs: number;
  #lastEpoch = 0;

  /** Idle keys are forgotten after `forgetAfterMs`, when their pins have been swept. */
  constructor(forgetAfterMs: number) {
    this.#forgetAfterMs = forgetAfterMs;
  }

  /** The newest placement, over all keys, that an exchange has shown to this edge. */
  get lastEpoch(): number {
    return this.#lastEpoch;
  }

  keys(): readonly AffinityKey[] {
    return [...this.#entries.keys()];
  }

  /** The lowest epoch that may still be served: the highest seen, or above it where the key was let go. */
  epochOf(key: AffinityKey): Epoch | undefined {
    const entry = this.#entries.get(key);
    return entry?.isLetGo === true ? ((entry.epoch + 1) as Epoch) : entry?.epoch;
  }

  /** Whether the epoch may be served no more. */
  isOver(key: AffinityKey, epoch: Epoch): boolean {
    return epoch < (this.epochOf(key) ?? 0);
  }

  /** Whether the key has come to this edge anew since it came with this epoch. */
  isFollowed(key: AffinityKey, epoch: Epoch): boolean {
    return epoch < (this.#entries.get(key)?.epoch ?? 0);
  }

  /** The epoch under which this edge has the key, between two connections too; undefined where it has no right to it. */
  claimOf(key: AffinityKey): Epoch | undefined {
    const entry = this.#entries.get(key);
    return entry?.isClaimed === true ? entry.epoch : undefined;
  }

  /** From now on the epoch is over here: whoever still believes in it has to ask the directory. A later one is not. */
  letGo(key: AffinityKey, epoch: Epoch, nowMs: number): void {
    if (this.isFollowed(key, epoch)) return;
    this.note(key, epoch, nowMs);
    const entry = this.#entries.get(key)!;
    entry.isLetGo = true;
    entry.isClaimed = false;
  }

  /** An exchange of the key was admitted. */
  note(key: AffinityKey, epoch: Epoch, nowMs: number): void {
    this.#lastEpoch = Math.max(this.#lastEpoch, epoch);
    const entry = this.#entries.get(key);
    this.#unsettled.add(key);
    if (entry === undefined) {
      const known = { confirmed: 'live', isLetGo: false, isClaimed: true } as const;
      this.#entries.set(key, { epoch, open: 0, lastUsedMs: nowMs, ...known });
      this.#buckets[bucketOf(key)]!.add(key);
      return;
    }
    entry.lastUsedMs = nowMs;
    entry.isClaimed = !entry.isLetGo || epoch > entry.epoch;
    if (epoch > entry.epoch) {
      entry.epoch = epoch;
      entry.confirmed = 'live';
      entry.isLetGo = false;
    }
  }

  /** A session is on its way here for this epoch: the key is ours when the first exchange says so, and not before. */
  expect(key: AffinityKey, epoch: Epoch, nowMs: number): void {
    const isNewer = epoch > (this.#entries.get(key)?.epoch ?? 0);
    this.note(key, epoch, nowMs);
    if (isNewer) this.#entries.get(key)!.isClaimed = false;
  }

  opened(key: AffinityKey, epoch: Epoch, nowMs: number): void {
    this.note(key, epoch, nowMs);
    this.#entries.get(key)!.open++;
  }

  closed(key: AffinityKey, nowMs: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.open === 0) return;
    entry.open--;
    entry.lastUsedMs = nowMs;
    this.#unsettled.add(key);
  }

  /** Marks that the directory lacks, up to `limit` of each kind. */
  marks(nowMs: number, limit: number): MarkBatch {
    const batch: MarkBatch = { idle: [], live: [] };
    for (const key of this.#unsettled) {
      const entry = this.#entries.get(key);
      // Where the directory gave no epoch, no pin would take a mark.
      if (entry === undefined || entry.epoch === provisionalEpoch) {
        this.#unsettled.delete(key);
        continue;
      }
      const mark = markOf(entry, nowMs);
      if (mark === undefined) continue;
      if (mark === entry.confirmed) this.#unsettled.delete(key);
      else if (batch[mark].length < limit) batch[mark].push({ key, epoch: entry.epoch });
    }
    return batch;
  }

  /** The directory has these marks now. */
  confirm(batch: MarkBatch): void {
    for (const mark of ['idle', 'live'] as const) {
      for (const { key, epoch } of batch[mark]) {
        const entry = this.#entries.get(key as AffinityKey);
        if (entry?.epoch === epoch) entry.confirmed = mark;
      }
    }
  }

  /** Keys that are live here, for comparison with the directory's pins. */
  digest(nowMs: number): readonly number[] {
    const digest = new ClaimDigest();
    for (const [key, entry] of this.#entries) if (isLive(entry, nowMs)) digest.add(key, entry.epoch);
    return digest.sums;
  }

  /** Keys that are live here, after `after` in the order of their bytes. */
  claims(nowMs: number, { bucket, after, limit }: ClaimQuery): { claims: ClaimedKey[]; isLast: boolean } {
    const keys: AffinityKey[] = [];
    const asked = bucket === undefined ? this.#entries.keys() : this.#buckets[bucket]!;
    for (const key of asked) if (key > after && isLive(this.#entries.get(key)!, nowMs)) keys.push(key);
    const listed = keys.toSorted(byBytes).slice(0, limit);
    const claims = listed.map((key) => {
      const { epoch, open } = this.#entries.get(key)!;
      return { key, epoch, isOpen: open > 0 };
    });
    return { claims, isLast: listed.length === keys.length };
  }

  /** The directory may have judged for itself meanwhile (our lease lapsed): every mark is told again. */
  distrust(): void {
    for (const [key, entry] of this.#entries) {
      entry.confirmed = undefined;
      entry.isClaimed = false;
      this.#unsettled.add(key);
    }
  }

  /** Forgets keys that have been idle for so long that their pins are gone. */
  sweep(nowMs: number): void {
    for (const [key, entry] of this.#entries) {
      const isOver = entry.open === 0 && entry.lastUsedMs + this.#forgetAfterMs <= nowMs;
      if (!isOver) continue;
      this.#entries.delete(key);
      this.#buckets[bucketOf(key)]!.delete(key);
    }
  }
}

interface ClaimQuery {
  readonly bucket?: number | undefined;
  readonly after: string;
  readonly limit: number;
}

function isLive(entry: Entry, nowMs: number): boolean {
  return entry.isClaimed && markOf(entry, nowMs) !== 'idle';
}

/** Keys are ASCII, so this is the order of their bytes. */
function byBytes(a: AffinityKey, b: AffinityKey): number {
  return a < b ? -1 : 1;
}

/** Undefined while it is too early to tell. */
function markOf(entry: Entry, nowMs: number): Mark | undefined {
  if (entry.open > 0) return 'live';
  return entry.lastUsedMs + quietMs <= nowMs ? 'idle' : undefined;
}
