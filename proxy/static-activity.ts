/**
 * Static backends report nothing, so the front door itself tells the directory when their keys fall idle:
 * no exchange for a minute. Marks are gathered and written in batches, never once per request.
 */
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { Directory, IdleMark, Pin } from './directory/directory.ts';

interface Entry {
  epoch: Epoch;
  open: number;
  lastUsedMs: number;
}

const quietMs = 60_000;

export class StaticActivity {
  readonly #entries = new Map<AffinityKey, Entry>();
  readonly #nowMs: () => number;
  #live: IdleMark[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  opened(pin: Pin): void {
    const known = this.#entries.get(pin.key);
    if (known === undefined) {
      this.#entries.set(pin.key, { epoch: pin.epoch, open: 1, lastUsedMs: this.#nowMs() });
      this.#live.push({ key: pin.key, epoch: pin.epoch });
      return;
    }
    known.epoch = pin.epoch;
    known.open++;
  }

  closed(key: AffinityKey): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.open--;
    entry.lastUsedMs = this.#nowMs();
  }

  /** Writes what changed since the last call; a failed write is tried again with the next one. */
  async flush(directory: Directory): Promise<void> {
    const before = this.#nowMs() - quietMs;
    const idle = [...this.#entries].filter(([, entry]) => entry.open === 0 && entry.lastUsedMs <= before);
    const live = this.#live;
    if (live.length > 0) await directory.markPins(live, 'live');
    this.#live = this.#live.slice(live.length);
    if (idle.length === 0) return;
    await directory.markPins(
      idle.map(([key, entry]) => ({ key, epoch: entry.epoch })),
      'idle',
    );
    for (const [key, entry] of idle) if (entry.open === 0) this.#entries.delete(key);
  }
}
