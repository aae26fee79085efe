/** One piece of work on one connection: its deadline, its transaction, and what its failure means. */
import type { SqlConnection, SqlDriver, SqlFailure, SqlResult, SqlRunner, SqlValue } from './sql-driver.ts';

/**
 * A statement that failed, and what that means, or a call that was not its turn in time; our own faults inside a transaction
 * are not such.
 */
export class SqlError extends Error {
  readonly failure: SqlFailure | 'late';

  constructor(failure: SqlFailure | 'late', cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.failure = failure;
  }
}

export type Work<T> = (sql: SqlRunner) => Promise<T>;

export type Use<T> = (connection: SqlConnection, sql: SqlRunner) => Promise<T>;

export function runOf<T>(work: Work<T>, leftMs: () => number): Use<T> {
  return async (_, sql) => await withinDeadline(work(sql), leftMs());
}

/** Takes over a connection whose statement is still to be answered; not where it gives false. */
export type KeepLate = (connection: SqlConnection, answer: Promise<unknown>) => boolean;

/** Ends with the connection back in its pool, or kept or closed where it may be amid something. */
export async function useOnce<T>(
  connection: SqlConnection,
  { driver, keepLate }: { driver: SqlDriver; keepLate: KeepLate },
  use: Use<T>,
): Promise<T> {
  const runner = new OnceRunner(connection, driver);
  try {
    const result = await use(connection, runner);
    connection.release();
    return result;
  } catch (error) {
    const isLost = error instanceof SqlError && error.failure === 'lost';
    const answer = runner.end();
    if (!isLost) connection.release();
    else if (answer === undefined || !keepLate(connection, answer)) connection.destroy();
    throw error;
  }
}

export async function withinDeadline<T>(running: Promise<T>, leftMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(new SqlError('lost', new Error('no answer in time')));
  const timer = setTimeout(giveUp, Math.max(1, leftMs));
  return await Promise.race([running, late]).finally(() => clearTimeout(timer));
}

export function bytesOf(value: SqlValue): number {
  return value instanceof Uint8Array ? value.byteLength : 0;
}

/** The statements of one piece of work: none is sent any more when its time is over. */
class OnceRunner implements SqlRunner {
  readonly #connection: SqlConnection;
  readonly #driver: SqlDriver;
  #answer: Promise<SqlResult> | undefined;
  #isOver = false;

  constructor(connection: SqlConnection, driver: SqlDriver) {
    this.#connection = connection;
    this.#driver = driver;
  }

  async run(statement: string, values?: readonly SqlValue[]): Promise<SqlResult> {
    if (this.#isOver) throw new SqlError('lost', new Error('no answer in time'));
    const answer = this.#connection.run(statement, values);
    this.#answer = answer;
    try {
      return await answer;
    } catch (error) {
      throw new SqlError(this.#driver.judge(error), error);
    } finally {
      if (this.#answer === answer) this.#answer = undefined;
    }
  }

  /** Gives the answer that has not come. */
  end(): Promise<SqlResult> | undefined {
    this.#isOver = true;
    return this.#answer;
  }
}

export function inTransaction<T>(work: Work<T>): Work<T> {
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
