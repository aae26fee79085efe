/**
 * A roster store in memory, which several edges of a test can share, and which can be made to fail or to hang. Passes
 * the same conformance suite as the real ones.
 */
import { AppError } from '#shared/errors.ts';
import type { Fenced, SessionRef } from '../../edge/store/document-store.ts';
import type {
  RecalledKey,
  RosterRule,
  RosterStore,
  RosterWritten,
  StoredRoster,
} from '../../edge/store/roster-store.ts';

interface Row {
  epoch: number;
  roster: StoredRoster | undefined;
  requests: Uint8Array | undefined;
  usedMs: number;
}

const fenced: Fenced = { kind: 'fenced' };
const written: RosterWritten = { kind: 'written' };

export class MemoryRosters implements RosterStore {
  /** Every call fails while this is true. */
  isBroken = false;
  /** Writes of rosters and ends that have landed. */
  writes = 0;
  /** Calls that have not been answered. */
  waiting = 0;
  nowMs = 0;
  readonly #rows = new Map<string, Row>();
  readonly #ends = new Map<string, Map<number, number>>();
  /** Calls wait here while there is one. */
  #gate: Promise<void> | undefined;

  /** From now on calls wait until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return () => {
      this.#gate = undefined;
      resolve();
    };
  }

  async claim({ key, epoch }: SessionRef): Promise<RecalledKey | Fenced> {
    await this.#enter();
    const row = this.#rows.get(key) ?? { epoch, roster: undefined, requests: undefined, usedMs: 0 };
    if (row.epoch > epoch) return fenced;
    this.#rows.set(key, { ...row, epoch, usedMs: this.nowMs });
    const endedBirths = [...(this.#ends.get(key)?.keys() ?? [])].toSorted((a, b) => a - b);
    return { kind: 'recalled', roster: row.roster, requests: row.requests, endedBirths };
  }

  async save(ref: SessionRef, { birth, bytes }: StoredRoster): Promise<RosterWritten | Fenced> {
    await this.#enter();
    return this.#put(ref, { roster: { birth, bytes: Uint8Array.from(bytes) } });
  }

  async saveRequests(ref: SessionRef, bytes: Uint8Array | undefined): Promise<RosterWritten | Fenced> {
    await this.#enter();
    return this.#put(ref, { requests: bytes });
  }

  async end(ref: SessionRef, birth: number): Promise<RosterWritten | Fenced> {
    await this.#enter();
    const row = this.#rows.get(ref.key);
    const isCurrent = row?.roster?.birth === birth;
    const result = this.#put(ref, isCurrent ? { roster: undefined, requests: undefined } : {});
    if (result.kind === 'fenced') return result;
    const ends = this.#ends.get(ref.key) ?? new Map<number, number>();
    this.#ends.set(ref.key, ends.has(birth) ? ends : ends.set(birth, this.nowMs));
    return result;
  }

  async removeExpired(held: readonly SessionRef[], { keptForMs, limit }: RosterRule): Promise<number> {
    await this.#enter();
    for (const { key, epoch } of held) {
      const row = this.#rows.get(key);
      if (row?.epoch === epoch) row.usedMs = this.nowMs;
    }
    const before = this.nowMs - keptForMs;
    const unused = [...this.#rows].filter(([, { usedMs }]) => usedMs < before).slice(0, limit);
    for (const [key] of unused) this.#rows.delete(key);
    const ends = [...this.#ends].flatMap(([key, births]) =>
      [...births].map(([birth, ms]) => ({ key, birth, ms })),
    );
    const old = ends.filter(({ ms }) => ms < before).slice(0, limit);
    for (const { key, birth } of old) this.#ends.get(key)?.delete(birth);
    return unused.length + old.length;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #put({ key, epoch }: SessionRef, change: Partial<Row>): RosterWritten | Fenced {
    const row = this.#rows.get(key);
    if (row?.epoch !== epoch) return fenced;
    this.#rows.set(key, { ...row, ...change, usedMs: this.nowMs });
    if ('roster' in change) this.writes++;
    return written;
  }

  async #enter(): Promise<void> {
    this.waiting++;
    await this.#gate;
    this.waiting--;
    if (this.isBroken) throw new AppError('roster-unavailable');
  }
}
