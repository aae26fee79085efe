/**
 * What the SQL layer needs of a database's client library: connections out of a bounded pool, statements with `?` for
 * values, and what a failure means. One implementation for each dialect.
 */
export type SqlDialect = 'mysql' | 'postgres';

export type SqlValue = string | number | Uint8Array | null;

export interface SqlResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Rows that were inserted or removed, or that an UPDATE matched, whether it changed them or not. */
  readonly changes: number;
  /** MySQL: number that AUTO_INCREMENT gave; otherwise 0. */
  readonly insertId: number;
}

export interface SqlRunner {
  run(statement: string, values?: readonly SqlValue[]): Promise<SqlResult>;
}

export interface SqlConnection extends SqlRunner {
  /** Taken for the first time: who is at its other end may be another server than before. */
  readonly isNew: boolean;
  /** Back into the pool: nothing of it is pending. */
  release(): void;
  /** Closed at once, whatever it does. */
  destroy(): void;
}

/**
 * - `again`: the database gave up on it for the sake of another transaction; nothing happened.
 * - `lost`: the connection is gone or the server does not take work; it may have happened.
 * - `refused`: the database's answer, which another try would repeat.
 */
export type SqlFailure = 'again' | 'lost' | 'refused';

export interface SqlDriver {
  readonly dialect: SqlDialect;
  /** Waits for a free connection or a new one, no longer than the pool's connect time-out. */
  connect(): Promise<SqlConnection>;
  /**
   * Resolves when the server has taken a connection besides the pool's, however long that takes, and ends it. Rejects where there is
   * no way to the server, where that refuses it, and when the signal aborts.
   */
  look(signal: AbortSignal): Promise<void>;
  judge(error: unknown): SqlFailure;
  close(): Promise<void>;
}

/** Milliseconds of the database's clock since 1970, as an expression: what one machine's clock says to nobody else's. */
export const databaseNowMs: Readonly<Record<SqlDialect, string>> = {
  mysql: "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)",
  postgres: 'CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS bigint)',
};
