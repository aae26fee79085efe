/**
 * What changes in the folders that members have looked into, and in no others: a watcher for each, up to a bound. Tells of
 * entries that came, went and changed, in batches; who wrote them, it does not know.
 */
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

export type ChangeKind = 'created' | 'updated' | 'deleted';

export interface EntryChange {
  readonly kind: ChangeKind;
  /** Below the shared folder. */
  readonly names: readonly string[];
}

/** Together with what an editor writes in one go. */
const batchMs = 80;

interface WatchedFolder {
  readonly watcher: FSWatcher;
  readonly names: readonly string[];
  readonly path: string;
  readonly entries: Set<string>;
  readonly pending: Set<string>;
}

export class FolderWatch {
  readonly #onChange: (changes: readonly EntryChange[]) => void;
  /** By their names, the one looked into last at the end. */
  readonly #folders = new Map<string, WatchedFolder>();
  readonly #watchersMax: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(onChange: (changes: readonly EntryChange[]) => void, watchersMax: number) {
    this.#onChange = onChange;
    this.#watchersMax = watchersMax;
  }

  /** Watches a folder from now on, in the place of the one that was looked into longest ago where there are too many; `entries` are those that are known to be in it. */
  watch(names: readonly string[], path: string, entries: Iterable<string>): void {
    const key = names.join('/');
    const known = this.#folders.get(key);
    if (known !== undefined) {
      this.#folders.delete(key);
      this.#folders.set(key, known);
      for (const entry of entries) known.entries.add(entry);
      return;
    }
    const watcher = this.#openWatcher(key, path);
    if (watcher === undefined) return;
    this.#folders.set(key, { watcher, names, path, entries: new Set(entries), pending: new Set() });
    const [oldest] = this.#folders.keys();
    if (this.#folders.size > this.#watchersMax) this.#unwatch(oldest!);
  }

  /** What was noticed is told at once. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#settle();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const key of this.#folders.keys()) this.#unwatch(key);
  }

  /** Undefined where the system has no watcher left: what is open is looked at from time to time all the same. */
  #openWatcher(key: string, path: string): FSWatcher | undefined {
    try {
      const watcher = watch(path, { persistent: false }, (_, name) => {
        if (name !== null) this.#note(key, name);
      });
      watcher.on('error', () => this.#unwatch(key));
      return watcher;
    } catch {
      return undefined;
    }
  }

  #unwatch(key: string): void {
    this.#folders.get(key)?.watcher.close();
    this.#folders.delete(key);
  }

  #note(key: string, name: string): void {
    this.#folders.get(key)?.pending.add(name);
    this.#timer ??= setTimeout(() => void this.#settle(), batchMs);
  }

  async #settle(): Promise<void> {
    this.#timer = undefined;
    const changes: EntryChange[] = [];
    for (const { names, path, entries, pending } of this.#folders.values()) {
      for (const name of pending) {
        pending.delete(name);
        const isThere = (await stat(join(path, name)).catch(() => undefined)) !== undefined;
        const wasThere = entries.has(name);
        if (!isThere && !wasThere) continue;
        if (isThere) entries.add(name);
        else entries.delete(name);
        changes.push({
          kind: isThere ? (wasThere ? 'updated' : 'created') : 'deleted',
          names: [...names, name],
        });
      }
    }
    if (changes.length > 0) this.#onChange(changes);
  }
}
