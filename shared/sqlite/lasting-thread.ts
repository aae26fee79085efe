/**
 * A SQLite thread that is started again when it has died. Until then, and while nothing can be opened, calls are
 * refused at once: nobody waits for a store that is not there.
 */
import type { Operations, SqliteThread } from './thread.ts';

/** A file that cannot be opened is tried again after this. */
const reopenPauseMs = 1_000;

interface LastingThreadOptions<T extends Operations> {
  readonly open: () => Promise<SqliteThread<T>>;
  readonly nowMs: () => number;
}

/** Rejects with the reason where even the first thread cannot be opened. */
export async function openLastingThread<T extends Operations>(
  options: LastingThreadOptions<T>,
): Promise<LastingThread<T>> {
  return new LastingThread(await options.open(), options);
}

export class LastingThread<T extends Operations> {
  readonly #options: LastingThreadOptions<T>;
  #thread: SqliteThread<T>;
  #isClosed = false;
  #opening: Promise<void> | undefined;
  #lastTryMs = -Infinity;

  constructor(thread: SqliteThread<T>, options: LastingThreadOptions<T>) {
    this.#thread = thread;
    this.#options = options;
  }

  /** As `SqliteThread.call`; where the thread has died, the call fails and the next ones find another thread. */
  call<N extends keyof T & string>(operation: N, input: Parameters<T[N]>[0]): Promise<ReturnType<T[N]>> {
    if (this.#thread.isOver) this.#reopen();
    return this.#thread.call(operation, input);
  }

  /** Ends after the calls made so far. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening;
    await this.#thread.close();
  }

  #reopen(): void {
    const { open, nowMs } = this.#options;
    if (this.#isClosed || this.#opening !== undefined || this.#lastTryMs + reopenPauseMs > nowMs()) return;
    this.#lastTryMs = nowMs();
    this.#opening = open().then(
      (thread) => {
        this.#thread = thread;
        this.#opening = undefined;
      },
      // The reason is that of the calls: they fail with the death of the thread as their cause.
      () => {
        this.#opening = undefined;
      },
    );
  }
}
