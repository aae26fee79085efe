/**
 * A database thread for tests of `shared/sqlite/thread.ts`: keeps notes, and stops at gates that the test
 * opens. A gate is two words of shared memory: whether it is open, and whether the thread has reached it.
 */
import { workerData } from 'node:worker_threads';
import { openDatabase, serveThread } from '#shared/sqlite/serve.ts';

const { path, gates } = workerData as { path: string; gates: Int32Array };
const database = openDatabase(path, { durable: true });
database.exec(`
  CREATE TABLE IF NOT EXISTS note (text TEXT PRIMARY KEY) STRICT;
  CREATE TABLE IF NOT EXISTS answer (note TEXT REFERENCES note (text) DEFERRABLE INITIALLY DEFERRED) STRICT;
`);
const insert = database.prepare('INSERT INTO note (text) VALUES (?)');

const operations = {
  add(text: string): string {
    insert.run(text);
    return text;
  },
  addAndFail(text: string): never {
    insert.run(text);
    throw new Error('failed after the write');
  },
  /** Its fault shows at the commit alone. */
  answerNothing(): void {
    database.prepare('INSERT INTO answer (note) VALUES (?)').run('no such note');
  },
  list(): string[] {
    return database.prepare('SELECT text FROM note ORDER BY text').pluck().all() as string[];
  },
  waitAt(gate: number): void {
    Atomics.store(gates, gate * 2 + 1, 1);
    Atomics.wait(gates, gate * 2, 0);
  },
  end(): never {
    process.exit(1);
  },
};

export type NoteOperations = typeof operations;

serveThread(database, operations);
