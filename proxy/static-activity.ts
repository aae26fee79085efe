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
  /** When the directory was last told that the key is live. */
  markedMs: number;
}

const quietMs = 60_000;

export class StaticActivity {
  readonly #entries = new Map<AffinityKey, Entry>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  opened(pin: Pin): void {
    const known = this.#entries.get(pin.key);
    if (known === undefined) {
      const lastUsedMs = this.#nowMs();
      this.#entries.set(pin.key, { epoch: pin.epoch, open: 1, lastUsedMs, markedMs: -Infinity });
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

  /**
   * Writes what changed since the last call; a failed write is tried again with the next one. A key in use is
   * called live once a minute: another front door, or the sweep of a lapsed lease, may have called it idle.
   */
  async flush(directory: Directory): Promise<void> {
    const now = this.#nowMs();
    const before = now - quietMs;
    const isQuiet = (entry: Entry): boolean => entry.open === 0 && entry.lastUsedMs <= before;
    const live = [...this.#entries].filter(([, entry]) => !isQuiet(entry) && entry.markedMs <= before);
    if (live.length > 0) await directory.markPins(live.map(toMark), 'live');
    for (const [, entry] of live) entry.markedMs = now;
    const idle = [...this.#entries].filter(([, entry]) => isQuiet(entry));
    if (idle.length === 0) return;
    await directory.markPins(idle.map(toMark), 'idle');
    for (const [key, entry] of idle) {
      // A key that was used while it was being marked is live again: the sweep must not take its pin.
      if (isQuiet(entry)) this.#entries.delete(key);
      else entry.markedMs = -Infinity;
    }
  }
}

function toMark([key, { epoch }]: [AffinityKey, Entry]): IdleMark {
  return { key, epoch };
}
