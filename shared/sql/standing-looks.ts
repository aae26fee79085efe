/**
 * Looks at a database server that is down: a connection whose statement has no answer yet, and connections of their own that are
 * kept open for long. A server that was frozen answers them when it goes on, and does not begin with a process for each that was
 * given up meanwhile. New ones go beside them, for those may hang at a server that will never answer while another has taken its
 * place; the longer, the fewer. All stores of a process on one server look together: 64 connections took PostgreSQL three
 * seconds of a processor, before it got to what waited.
 */
import type { SqlConnection, SqlDriver } from './sql-driver.ts';
import { withinDeadline } from './sql-work.ts';

/** How long after the last one begun, by how many are under way. */
const pausesMs: readonly number[] = [250, 1_500, 4_000, 8_000];
const lookMaxMs = 45_000;
/** What has answered late is to answer the next statement at once. */
const nextAnswerMaxMs = 1_000;

interface StandingLooksOptions {
  readonly driver: Pick<SqlDriver, 'look'>;
  readonly nowMs: () => number;
}

export class StandingLooks {
  readonly #options: StandingLooksOptions;
  readonly #closing = new AbortController();
  #underWay = 0;
  #begunAtMs = -Infinity;
  #kept: SqlConnection | undefined;
  readonly #waiting = new Set<() => void>();
  readonly #users = new Set<() => void>();

  constructor(options: StandingLooksOptions) {
    this.#options = options;
  }

  /** `onSighted`: called at once when the server has answered. Gives what ends that, and all looks with the last one. */
  join(onSighted: () => void): () => void {
    this.#users.add(onSighted);
    return () => {
      this.#users.delete(onSighted);
      // It may be the leaving store's, whose pool ends when it has it back.
      this.letGo();
      if (this.#users.size === 0) this.#closing.abort();
    };
  }

  /** Everybody has left: there will be no look any more. */
  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /**
   * Resolves when a server answers any of those under way. Begins one first, where it is time for that, and rejects as that
   * does, or after `maxMs`, when the look goes on.
   */
  async sighted(maxMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error('no answer in time')), Math.max(1, maxMs));
    this.#waiting.add(resolve);
    const pauseMs = pausesMs[this.#underWay] ?? Infinity;
    if (this.#options.nowMs() - this.#begunAtMs >= pauseMs) this.#look().catch(reject);
    await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(resolve);
    });
  }

  /**
   * Takes over a connection whose statement came late: its answer tells that the server is there again, and then it goes back into
   * its pool. One at a time; not where this gives false.
   */
  keep(connection: SqlConnection, answer: Promise<unknown>): boolean {
    if (this.#kept !== undefined || this.isClosed) return false;
    this.#kept = connection;
    this.#underWay++;
    void this.#watch(connection, answer).finally(() => this.#underWay--);
    return true;
  }

  /** The database is known to answer: what was kept to tell that is not needed any more. */
  letGo(): void {
    this.#kept?.destroy();
    this.#kept = undefined;
  }

  async #watch(connection: SqlConnection, answer: Promise<unknown>): Promise<void> {
    try {
      // An error is an answer too, and where the connection is broken the next statement shows that.
      await answer.catch(() => undefined);
      if (this.#kept !== connection) return;
      await withinDeadline(connection.run('ROLLBACK'), nextAnswerMaxMs);
    } catch {
      if (this.#kept === connection) this.letGo();
    }
    if (this.#kept !== connection) return;
    this.#kept = undefined;
    connection.release();
    this.#tell();
  }

  async #look(): Promise<void> {
    const { driver, nowMs } = this.#options;
    this.#closing.signal.throwIfAborted();
    this.#begunAtMs = nowMs();
    this.#underWay++;
    try {
      await driver.look(AbortSignal.any([this.#closing.signal, AbortSignal.timeout(lookMaxMs)]));
    } finally {
      this.#underWay--;
    }
    // It may hang at a server that will never answer, and has a place in the pool.
    this.letGo();
    this.#tell();
  }

  #tell(): void {
    for (const sight of this.#users) sight();
    for (const goOn of this.#waiting) goOn();
  }
}
