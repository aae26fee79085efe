/** The worker's side of `thread.ts`: opens the file as every database of ours is opened, and runs batches. */
import Database from 'better-sqlite3';
import { parentPort } from 'node:worker_threads';
import type { Operations, ThreadAnswer, ThreadCall } from './thread.ts';

const busyTimeoutMs = 5_000;
const retryPauseMs = 5;
/** Nobody wakes who waits on it. */
const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Opens a database for shared use by processes of one host.
 * `durable` waits for the disk at each commit (synchronous FULL); otherwise a power cut, but no crash of a
 * process, may take the last commits back (sqlite.org, pragma synchronous, WAL mode).
 */
export function openDatabase(path: string, options: { durable: boolean }): Database.Database {
  const database = new Database(path, { timeout: busyTimeoutMs });
  enterWal(database);
  database.pragma(`synchronous = ${options.durable ? 'FULL' : 'NORMAL'}`);
  database.pragma('foreign_keys = ON');
  return database;
}

/**
 * Here SQLite does not wait as it does elsewhere: of those who open one new file at once, all but one may be told that it
 * is locked.
 */
function enterWal(database: Database.Database): void {
  const deadlineMs = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      database.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      const isBusy = (error as { readonly code?: string }).code?.startsWith('SQLITE_BUSY') === true;
      if (!isBusy || performance.now() > deadlineMs) throw error;
      Atomics.wait(pause, 0, 0, retryPauseMs);
    }
  }
}

/**
 * Answers batches until told to close. A batch is one transaction; each call in it is a savepoint, so a
 * call that throws undoes itself alone. When the commit fails, every call of the batch fails.
 */
export function serveThread(database: Database.Database, operations: Operations): void {
  const port = parentPort;
  if (port === null) throw new Error('this module runs as a worker thread');
  // Inside a transaction this is a savepoint.
  const undoable: Undoable = database.transaction((operation: (input: unknown) => unknown, input: unknown) =>
    operation(input),
  );
  const runBatch = database.transaction((calls: ThreadCall[]) =>
    calls.map((call) => runCall(undoable, operations, call)),
  );
  port.on('message', (message: ThreadCall[] | 'close') => {
    if (message === 'close') {
      database.close();
      port.close();
      return;
    }
    let answers: ThreadAnswer[];
    try {
      answers = runBatch.immediate(message);
    } catch (error) {
      answers = message.map((call) => ({ id: call.id, kind: 'failed', message: String(error) }));
    }
    port.postMessage(answers);
  });
  port.postMessage('open');
}

type Undoable = (operation: (input: unknown) => unknown, input: unknown) => unknown;

function runCall(undoable: Undoable, operations: Operations, call: ThreadCall): ThreadAnswer {
  const operation = operations[call.operation] as ((input: unknown) => unknown) | undefined;
  if (operation === undefined)
    return { id: call.id, kind: 'failed', message: `no operation ${call.operation}` };
  try {
    const output = undoable(operation, call.input);
    return { id: call.id, kind: 'done', output };
  } catch (error) {
    return { id: call.id, kind: 'failed', message: String(error) };
  }
}
