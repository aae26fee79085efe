/**
 * Watches the document store from within: a trigger of the run's own notes each update that is committed, under which
 * epoch and when. So the order of two owners' work is known from the one place where it meets.
 */
import Database from 'better-sqlite3';
import { join } from 'node:path';
import type { Pen } from './history.ts';

interface Row {
  readonly id: number;
  readonly at_ms: number;
  readonly key: string;
  readonly epoch: number;
}

export class CommitWitness {
  readonly #database: Database.Database;

  constructor(dataDir: string) {
    this.#database = new Database(join(dataDir, 'documents.sqlite'), { timeout: busyMaxMs });
    this.#database.exec(`
      CREATE TABLE chaos_commit (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms REAL, key TEXT, epoch INTEGER);
      CREATE TRIGGER chaos_update AFTER INSERT ON document_update BEGIN
        INSERT INTO chaos_commit (at_ms, key, epoch)
          SELECT unixepoch('subsec') * 1000.0, key, epoch FROM document_session WHERE key = NEW.key;
      END;`);
  }

  /** Writes all down and lets go of the file. */
  report(pen: Pen): void {
    const rows = this.#database.prepare('SELECT id, at_ms, key, epoch FROM chaos_commit ORDER BY id');
    for (const { id, at_ms: at, key, epoch } of rows.all() as Row[]) {
      pen({ kind: 'committed', key, epoch, order: id }, at);
    }
    this.#database.close();
  }
}

const busyMaxMs = 5_000;
