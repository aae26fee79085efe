/**
 * SQLite off the event loop. Calls go to a worker thread that runs everything waiting as one transaction
 * (group commit: while one batch is at the disk, the next one gathers), so the data plane never blocks and
 * a hundred writers cost one commit. An answer arrives after the commit, or the call fails.
 */
import { Worker } from 'node:worker_threads';
import { AppError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';

/** What a worker module exports as its operations: synchronous, plain data in and out. */
export type Operations = Readonly<Record<string, (input: never) => unknown>>;

export interface ThreadCall {
  readonly id: number;
  readonly operation: string;
  readonly input: unknown;
}

export type ThreadAnswer =
  | { readonly id: number; readonly kind: 'done'; readonly output: unknown }
  | { readonly id: number; readonly kind: 'failed'; readonly message: string };

interface Waiting {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: AppError) => void;
  readonly timer: NodeJS.Timeout;
}

interface ThreadOptions {
  /** URL of the worker module, which must call `serveThread`. */
  readonly module: URL;
  readonly workerData: unknown;
  /** Calls that may wait; one more is refused with `failureCode`. */
  readonly waitingMax: number;
  readonly deadlineMs: number;
  readonly failureCode: ErrorCode;
}

/** Starts the thread; resolves once its database is open, rejects with the reason if it cannot be. */
export async function openSqliteThread<T extends Operations>(
  options: ThreadOptions,
): Promise<SqliteThread<T>> {
  const worker = new Worker(options.module, { workerData: options.workerData });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the database thread ended before it was open')));
  });
  worker.removeAllListeners('error').removeAllListeners('exit');
  return new SqliteThread<T>(worker, options);
}

export class SqliteThread<T extends Operations> {
  readonly #worker: Worker;
  readonly #options: ThreadOptions;
  readonly #waiting = new Map<number, Waiting>();
  /** Gathers while a batch is under way; a call that is given up leaves it. */
  readonly #batch = new Map<number, ThreadCall>();
  #busy = false;
  #nextId = 1;
  #ended: Error | undefined;

  constructor(worker: Worker, options: ThreadOptions) {
    this.#worker = worker;
    this.#options = options;
    worker.on('message', (answers: ThreadAnswer[]) => this.#settle(answers));
    worker.on('error', (error: Error) => this.#fail(error));
    worker.on('exit', () => this.#fail(new Error('the database thread has ended')));
  }

  /** Died or closed: every call fails from now on. */
  get isOver(): boolean {
    return this.#ended !== undefined;
  }

  /** Runs one operation; rejects with `failureCode` on failure, deadline or overload. */
  call<N extends keyof T & string>(operation: N, input: Parameters<T[N]>[0]): Promise<ReturnType<T[N]>> {
    const { failureCode, waitingMax, deadlineMs } = this.#options;
    if (this.#ended) return Promise.reject(new AppError(failureCode, { cause: this.#ended }));
    if (this.#waiting.size >= waitingMax) {
      return Promise.reject(new AppError(failureCode, { facts: { waiting: this.#waiting.size } }));
    }
    const id = this.#nextId++;
    return new Promise<ReturnType<T[N]>>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        this.#batch.delete(id);
        reject(new AppError(failureCode, { facts: { operation, deadlineMs } }));
      }, deadlineMs);
      this.#waiting.set(id, { resolve: resolve as (output: unknown) => void, reject, timer });
      this.#batch.set(id, { id, operation, input });
      if (!this.#busy) this.#send();
    });
  }

  /** Ends the thread after the calls made so far. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = new Error('the database is closed');
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    // What has gathered goes first, without waiting for the batch that is under way.
    this.#send();
    this.#worker.postMessage('close');
    await exited;
  }

  #send(): void {
    if (this.#batch.size === 0) return;
    this.#busy = true;
    this.#worker.postMessage([...this.#batch.values()]);
    this.#batch.clear();
  }

  #settle(answers: ThreadAnswer[]): void {
    this.#busy = false;
    this.#send();
    for (const answer of answers) {
      const waiting = this.#waiting.get(answer.id);
      if (waiting === undefined) continue;
      this.#waiting.delete(answer.id);
      clearTimeout(waiting.timer);
      if (answer.kind === 'done') waiting.resolve(answer.output);
      else waiting.reject(new AppError(this.#options.failureCode, { facts: { reason: answer.message } }));
    }
  }

  #fail(error: Error): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(new AppError(this.#options.failureCode, { cause: error }));
    }
    this.#waiting.clear();
  }
}
