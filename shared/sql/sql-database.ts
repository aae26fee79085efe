/**
 * A database server as our stores use it: a bounded number of calls at a time and in wait, a deadline for each, another
 * try where the database says so, and no tries at all while it is known to be down but for one every half second.
 * What fails rejects with the store's own code; a write may have happened then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { CallSlots } from './call-slots.ts';
import type { StandingLooks } from './standing-looks.ts';
import type { SqlDialect, SqlDriver, SqlResult, SqlRunner, SqlValue } from './sql-driver.ts';
import { SqlError, bytesOf, inTransaction, runOf, useOnce, withinDeadline } from './sql-work.ts';
import type { KeepLate, Use, Work } from './sql-work.ts';

interface SqlDatabaseOptions {
  readonly driver: SqlDriver;
  /** All stores' on this server. */
  readonly looks: StandingLooks;
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
const probeIntervalMs = 250;
/** Calls that wait for a look. */
const probesMax = 2;
const nextProbeMs = 1_500;

export class SqlDatabase implements SqlRunner {
  readonly #options: SqlDatabaseOptions;
  readonly #slots: CallSlots;
  readonly #looks: StandingLooks;
  readonly #leaveLooks: () => void;
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
    this.#looks = options.looks;
    this.#leaveLooks = this.#looks.join(() => this.#meetAgain());
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
    this.#leaveLooks();
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
      return await this.#tryTo(async (leftMs) => {
        if (isProbe) await this.#waitForLook(leftMs());
        return await this.#runPrepared(work, leftMs, isProbe);
      }, maxMs);
    } catch (error) {
      throw error instanceof SqlError ? new AppError(failureCode, { cause: error.cause }) : error;
    } finally {
      this.#calls--;
      if (isProbe) this.#probes--;
    }
  }

  /** Few at a time, and one at any time: what waits for a look goes on as soon as it has an answer. */
  #mayProbe(): boolean {
    const now = this.#options.nowMs();
    const pauseMs = this.#probes === 0 ? probeIntervalMs : nextProbeMs;
    if (this.#probes >= probesMax || now - this.#probedAtMs < pauseMs) return false;
    this.#probedAtMs = now;
    return true;
  }

  async #waitForLook(leftMs: number): Promise<void> {
    if (!this.isDown) return;
    await this.#looks.sighted(leftMs).catch((error: unknown) => {
      throw new SqlError('lost', error);
    });
  }

  /** For whoever calls next: nobody's call may have time enough left for it. */
  #meetAgain(): void {
    if (this.#failingSinceMs === undefined) return;
    // Not that in which a call hangs that was before the look.
    this.#preparing = undefined;
    this.#prepareOnce().catch(() => undefined);
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
        async (leftMs) =>
          await this.#inTurn(leftMs, async () => await this.#withConnection(runOf(work, leftMs))),
        deadlineMs,
      );
    const preparing: PreparingSql = {
      dialect: this.dialect,
      run: async (statement, values = []) => await tryTo(async (sql) => await sql.run(statement, values)),
      transaction: async (work) => await tryTo(inTransaction(work)),
    };
    // What the preparation itself refuses, as a newer schema, is no database that we can use.
    await this.#options.prepare(preparing).catch((error: unknown) => {
      throw error instanceof SqlError ? error : new SqlError('lost', error);
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
    this.#looks.letGo();
    this.#failingSinceMs = undefined;
    this.#succeededAtMs = this.#options.nowMs();
  }

  /** A call that was slow says nothing against a database that has answered others meanwhile. */
  #noteFailure(sinceMs: number): void {
    this.#failingSinceMs ??= Math.max(sinceMs, this.#succeededAtMs);
    this.#preparing = undefined;
  }

  /** Nothing runs on a connection whose server has not been prepared since it was made. */
  async #runPrepared<T>(work: Work<T>, leftMs: () => number, isProbe: boolean): Promise<T> {
    for (;;) {
      await this.#prepareOnce();
      const preparing = this.#preparing;
      const isPrepared = (): boolean => this.#preparing === preparing;
      const use: Use<{ result: T } | undefined> = async (connection, sql) =>
        connection.isNew || !isPrepared() ? undefined : { result: await withinDeadline(work(sql), leftMs()) };
      const done = await this.#inTurn(leftMs, async () =>
        isPrepared() ? await this.#withConnection(use) : undefined,
      );
      if (done !== undefined) return done.result;
      // What waited for its turn when others failed does not try as well, each with a connection of its own.
      if (this.isDown && !isProbe) throw new SqlError('lost', new Error('the database is down'));
      if (isPrepared()) this.#preparing = undefined;
    }
  }

  async #inTurn<T>(leftMs: () => number, work: () => Promise<T>): Promise<T> {
    await this.#slots.take(leftMs(), () => new SqlError('late', new Error('too many calls were before it')));
    try {
      return await work();
    } finally {
      this.#slots.release();
    }
  }

  async #withConnection<T>(use: Use<T>): Promise<T> {
    const { driver } = this.#options;
    const connection = await driver.connect().catch((error: unknown) => {
      throw new SqlError('lost', error);
    });
    const keepLate: KeepLate = (late, answer) => !this.#isClosed && this.#looks.keep(late, answer);
    return await useOnce(connection, { driver, keepLate }, use);
  }
}
