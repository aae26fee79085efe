/** The SQLite directory of running front doors, changed behind their backs: what a lost commit or an old copy leaves. */
import Database from 'better-sqlite3';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export interface StoredPin {
  readonly edge: string;
  readonly epoch: number;
  readonly state: string;
}

export class DirectoryFile {
  readonly #database: Database.Database;

  constructor(t: TestContext, dataDir: string) {
    this.#database = new Database(join(dataDir, 'directory.sqlite'));
    this.#database.pragma('busy_timeout = 5000');
    t.after(() => this.#database.close());
  }

  pin(key: string): StoredPin | undefined {
    return this.#database
      .prepare<[string], StoredPin>('SELECT edge_id AS edge, epoch, state FROM pin WHERE key = ?')
      .get(key);
  }

  setting(name: string): string | undefined {
    return this.#database
      .prepare<[string], { value: string }>('SELECT value FROM fleet_setting WHERE name = ?')
      .get(name)?.value;
  }

  removePin(key: string): void {
    this.#database.prepare('DELETE FROM pin WHERE key = ?').run(key);
  }

  setState(key: string, state: 'live' | 'idle'): void {
    this.#database.prepare('UPDATE pin SET state = ?, idle_since = 0 WHERE key = ?').run(state, key);
  }

  setEpoch(key: string, epoch: number): void {
    this.#database.prepare('UPDATE pin SET epoch = ? WHERE key = ?').run(epoch, key);
  }

  /** Gives the key to another edge with a new epoch, although its owner is alive: what the product never does. */
  steal(key: string, edge: string): number {
    const { value } = this.#database
      .prepare("UPDATE counter SET value = value + 1 WHERE name = 'epoch' RETURNING value")
      .get() as { value: number };
    this.#database
      .prepare(
        'UPDATE pin SET edge_id = @edge, epoch = @value, incarnation = (SELECT incarnation FROM edge WHERE id = @edge) WHERE key = @key',
      )
      .run({ key, edge, value });
    return value;
  }

  /** A pin of an edge that never heard of it. */
  plantPin(key: string, edge: string): void {
    this.#database
      .prepare(
        "INSERT INTO pin (key, edge_id, incarnation, epoch, state) SELECT @key, id, incarnation, 1, 'live' FROM edge WHERE id = @edge",
      )
      .run({ key, edge });
  }
}
