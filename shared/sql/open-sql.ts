/** Opens a store's connections to a database server: the driver of its dialect, bounds and deadlines around it. */
import type { ErrorCode } from '../errors.ts';
import type { DatabaseSettings } from './database-settings.ts';
import { loadDriver } from './load-driver.ts';
import { migrateSql } from './migrate-sql.ts';
import type { SqlStoreSchema } from './migrate-sql.ts';
import { SqlDatabase } from './sql-database.ts';
import type { PreparingSql } from './sql-database.ts';

export interface OpenSqlOptions {
  readonly settings: DatabaseSettings;
  readonly schema: SqlStoreSchema;
  readonly failureCode: ErrorCode;
  /** What the store needs beyond its tables, each time that the database is met. */
  readonly prepare?: (sql: PreparingSql) => Promise<void>;
  readonly connectionsMax?: number | undefined;
  /** Calls that wait or run. */
  readonly callsMax?: number;
}

/** Of one store of one process; MySQL takes 151 from all together unless told otherwise. */
const connectionsMaxDefault = 8;
const callsMaxDefault = 1_000;

/** Resolves when the tables are there; rejects with the database's own error. */
export async function openSql(options: OpenSqlOptions): Promise<SqlDatabase> {
  const { settings, schema, failureCode, prepare } = options;
  const { connectionsMax = connectionsMaxDefault, callsMax = callsMaxDefault } = options;
  const database = new SqlDatabase({
    driver: await loadDriver(settings, connectionsMax),
    connectionsMax,
    callsMax,
    failureCode,
    prepare: async (sql) => {
      await migrateSql(sql, schema);
      await prepare?.(sql);
    },
    nowMs: () => performance.now(),
    random: Math.random,
  });
  try {
    await database.open();
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}
