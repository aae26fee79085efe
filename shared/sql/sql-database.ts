/**
 * A database server as our stores use it: a bounded number of calls at a time and in wait, a deadline for each, another
 * try where the database says so, and no tries at all while it is known to be down but for one every half second.
 * What fails rejects with the store's own code; a write may have happened then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { CallSlots } from './call-slots.ts';
import type {
  SqlConnection,
  SqlDialect,
  SqlDriver,
  SqlFailure,
  SqlResult,
  SqlRunner,
  SqlValue,
} from './sql-driver.ts';

interface SqlDatabaseOptions {
  readonly driver: SqlDriver;
  /** As many as the driver's pool has: a call waits here, and not there, for another to end. */
  readonly connectionsMax: number;
  /** Calls that wait or run; one more is refused at once. */
  readonly callsMax: number;
  readonly failureCode: ErrorCode;
  /**
   * Brings the database into the form that the store needs. Runs before the first call, and again after each break: what
   * comes back may be another server, or an older copy of its data.
   */
  readonly prepare: (sql: PreparingSql) => Promise<void>;
  readonly nowMs: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

/** What `prepare` gets: the database, past the wait for `prepare`. */
export interface PreparingSql extends SqlRunner {
  readonly dialect: SqlDialect;
  transaction<T>(work: (sql: SqlRunner) => Promise<T>): Promise<T>;
}

const deadlineMs = 3_000;
/** What a call carries there or back may take as much longer: 8 MiB a second is slow for a database in the same house. */
const bytesPerMs = 8_192;
/** Tries of one call that the database gave up for the sake of others. */
const triesMax = 6;
const againPauseMs = 20;
/** Failures for so long mean that the server is down, not that a connection broke. */
const downAfterMs = 2_000;
const probeIntervalMs = 500;
/** A look that has no answer for so long may be held up on its way, and the server be back: another goes beside it. */
const probePatienceMs = 1_500;
const probesMax = 2;

/**
 * A statement that failed, and what that means, or a call that was not its turn in time; our own faults inside a transaction
 * are not such.
 */
class SqlError extends Error {
  readonly failure: SqlFailure | 'late';

  constructor(failure: SqlFailure | 'late', cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.failure = failure;
  }
}

type Work<T> = (sql: SqlRunner) => Promise<T>;

export class SqlDatabase implements SqlRunner {
  readonly #options: SqlDatabaseOptions;
  readonly #slots: CallSlots;
  #calls = 0;
  #preparing: Promise<void> | undefined;
  /** Since when everything has failed. */
  #failingSinceMs: number | undefined;
  #succeededAtMs = -Infinity;
  #probedAtMs = 0;
  #probes = 0;
  #isClosed = false;

  constructor(options: SqlDatabaseOptions) {
    this.#options = options;
    this.#slots = new CallSlots(options.connectionsMax);
  }

  get dialect(): SqlDialect {
    return this.#options.driver.dialect;
  }

  /** Everything has failed for two seconds: calls fail at once, but for one now and then that looks. */
  get isDown(): boolean {
    return this.#failingSinceMs !== undefined && this.#options.nowMs() - this.#failingSinceMs >= downAfterMs;
  }

  /** Rejects with the database's own error where it cannot be reached or has not the form that it should. */
  async open(): Promise<void> {
    try {
      await this.#prepareOnce();
    } catch (error) {
      throw error instanceof SqlError ? (error.cause as Error) : error;
    }
  }

  /** One statement, its own transaction. `readBytes`: as many as it may give back, where those are many. */
  async run(statement: string, values: readonly SqlValue[] = [], readBytes = 0): Promise<SqlResult> {
    const bytes = values.reduce<number>((sum, value) => sum + bytesOf(value), readBytes);
    return await this.#call(async (sql) => await sql.run(statement, values), bytes);
  }

  /**
   * Is called again from its beginning where the database gave it up: nothing but statements belongs into it. `bytes`: what it
   * carries in all, where that is much.
   */
  async transaction<T>(work: Work<T>, bytes = 0): Promise<T> {
    return await this.#call(inTransaction(work), bytes);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#options.driver.close().catch(() => undefined);
  }

  async #call<T>(work: Work<T>, bytes: number): Promise<T> {
    const { failureCode, callsMax } = this.#options;
    if (this.#isClosed) throw new AppError(failureCode, { cause: new Error('the store is closed') });
    if (this.#calls >= callsMax) throw new AppError(failureCode, { cause: new Error('too many calls wait') });
    const isProbe = this.isDown;
    if (isProbe && !this.#mayProbe())
      throw new AppError(failureCode, { cause: new Error('the database is down') });
    if (isProbe) this.#probes++;
    this.#calls++;
    try {
      const maxMs = deadlineMs + bytes / bytesPerMs;
      return await this.#tryTo(async (leftMs) => await this.#runPrepared(work, leftMs), maxMs);
    } catch (error) {
      throw error instanceof SqlError ? new AppError(failureCode, { cause: error.cause }) : error;
    } finally {
      this.#calls--;
      if (isProbe) this.#probes--;
    }
  }

  /** Few at a time: a frozen server has to begin with a process for each connection that was given up meanwhile. */
  #mayProbe(): boolean {
    const now = this.#options.nowMs();
    const pauseMs = this.#probes === 0 ? probeIntervalMs : probePatienceMs;
    if (this.#probes >= probesMax || now - this.#probedAtMs < pauseMs) return false;
    this.#probedAtMs = now;
    // It is not to wait for the preparation in which the one before it hangs.
    this.#preparing = undefined;
    return true;
  }

  async #prepareOnce(): Promise<void> {
    this.#preparing ??= this.#prepare();
    const preparing = this.#preparing;
    try {
      await preparing;
    } catch (error) {
      if (this.#preparing === preparing) this.#preparing = undefined;
      throw error;
    }
  }

  async #prepare(): Promise<void> {
    const tryTo = async <T>(work: Work<T>): Promise<T> =>
      await this.#tryTo(
        async (leftMs) => await this.#withConnection(leftMs, runOf(work, leftMs)),
        deadlineMs,
      );
    await this.#options.prepare({
      dialect: this.dialect,
      run: async (statement, values = []) => await tryTo(async (sql) => await sql.run(statement, values)),
      transaction: async (work) => await tryTo(inTransaction(work)),
    });
  }

  /** Twice where the connection broke, as after a restart of the server: what we do may be done twice. */
  async #tryTo<T>(attempt: (leftMs: () => number) => Promise<T>, maxMs: number): Promise<T> {
    const { nowMs, random } = this.#options;
    const startedAtMs = nowMs();
    const leftMs = (): number => maxMs - (nowMs() - startedAtMs);
    let breaks = 0;
    for (let tries = 1; ; tries++) {
      try {
        const result = await attempt(leftMs);
        this.#noteAnswer();
        return result;
      } catch (error) {
        if (!(error instanceof SqlError)) throw error;
        if (error.failure === 'lost') {
          this.#noteFailure(startedAtMs);
          if (++breaks > 1 || leftMs() <= 0 || this.isDown) throw error;
        } else {
          // Not to have had its turn says nothing of the server.
          if (error.failure !== 'late') this.#noteAnswer();
          if (error.failure !== 'again' || tries >= triesMax || leftMs() <= 0) throw error;
        }
        await sleep(againPauseMs * tries * random());
      }
    }
  }

  #noteAnswer(): void {
    this.#failingSinceMs = undefined;
    this.#succeededAtMs = this.#options.nowMs();
  }

  /** A call that was slow says nothing against a database that has answered others meanwhile. */
  #noteFailure(sinceMs: number): void {
    this.#failingSinceMs ??= Math.max(sinceMs, this.#succeededAtMs);
    this.#preparing = undefined;
  }

  /** Nothing runs on a connection whose server has not been prepared since it was made. */
  async #runPrepared<T>(work: Work<T>, leftMs: () => number): Promise<T> {
    for (;;) {
      await this.#prepareOnce();
      const preparing = this.#preparing;
      const done = await this.#withConnection(leftMs, async (connection, sql) => {
        if (connection.isNew || this.#preparing !== preparing) return undefined;
        return { result: await withinDeadline(work(sql), leftMs()) };
      });
      if (done !== undefined) return done.result;
      if (this.#preparing === preparing) this.#preparing = undefined;
    }
  }

  async #withConnection<T>(leftMs: () => number, use: Use<T>): Promise<T> {
    const { driver } = this.#options;
    await this.#slots.take(leftMs(), () => new SqlError('late', new Error('too many calls were before it')));
    try {
      const connection = await driver.connect().catch((error: unknown) => {
        throw new SqlError('lost', error);
      });
      return await useOnce(connection, driver, use);
    } finally {
      this.#slots.release();
    }
  }
}

type Use<T> = (connection: SqlConnection, sql: SqlRunner) => Promise<T>;

function runOf<T>(work: Work<T>, leftMs: () => number): Use<T> {
  return async (_, sql) => await withinDeadline(work(sql), leftMs());
}

/** Ends with the connection back in its pool, or closed where it may be amid something. */
async function useOnce<T>(connection: SqlConnection, driver: SqlDriver, use: Use<T>): Promise<T> {
  try {
    const result = await use(connection, judged(connection, driver));
    connection.release();
    return result;
  } catch (error) {
    if (error instanceof SqlError && error.failure === 'lost') connection.destroy();
    else connection.release();
    throw error;
  }
}

async function withinDeadline<T>(running: Promise<T>, leftMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(new SqlError('lost', new Error('no answer in time')));
  const timer = setTimeout(giveUp, Math.max(1, leftMs));
  return await Promise.race([running, late]).finally(() => clearTimeout(timer));
}

function bytesOf(value: SqlValue): number {
  return value instanceof Uint8Array ? value.byteLength : 0;
}

function judged(connection: SqlConnection, driver: SqlDriver): SqlRunner {
  return {
    run: async (statement, values) => {
      try {
        return await connection.run(statement, values);
      } catch (error) {
        throw new SqlError(driver.judge(error), error);
      }
    },
  };
}

function inTransaction<T>(work: Work<T>): Work<T> {
  return async (sql) => {
    await sql.run('BEGIN');
    let result: T;
    try {
      result = await work(sql);
    } catch (error) {
      if (!(error instanceof SqlError) || error.failure !== 'lost') await sql.run('ROLLBACK');
      throw error;
    }
    await sql.run('COMMIT');
    return result;
  };
}
