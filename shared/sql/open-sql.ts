/** Opens a store's connections to a database server: the driver of its dialect, bounds and deadlines around it. */
import type { ErrorCode } from '../errors.ts';
import type { DatabaseSettings } from './database-settings.ts';
import { loadDriver } from './load-driver.ts';
import { migrateSql } from './migrate-sql.ts';
import type { SqlStoreSchema } from './migrate-sql.ts';
import { SqlDatabase } from './sql-database.ts';
import type { PreparingSql } from './sql-database.ts';
import { StandingLooks } from './standing-looks.ts';

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

const looksByServer = new Map<string, StandingLooks>();

/** All stores' of this process. */
function looksAt(
  { dialect, host, port, user, schema }: DatabaseSettings,
  options: ConstructorParameters<typeof StandingLooks>[0],
): StandingLooks {
  const server = JSON.stringify([dialect, host, port, user, schema]);
  const known = looksByServer.get(server);
  if (known !== undefined && !known.isClosed) return known;
  const looks = new StandingLooks(options);
  looksByServer.set(server, looks);
  return looks;
}

/** Resolves when the tables are there; rejects with the database's own error. */
export async function openSql(options: OpenSqlOptions): Promise<SqlDatabase> {
  const { settings, schema, failureCode, prepare } = options;
  const { connectionsMax = connectionsMaxDefault, callsMax = callsMaxDefault } = options;
  const driver = await loadDriver(settings, connectionsMax);
  const nowMs = (): number => performance.now();
  const database = new SqlDatabase({
    driver,
    looks: looksAt(settings, { driver, nowMs }),
    connectionsMax,
    callsMax,
    failureCode,
    prepare: async (sql) => {
      await migrateSql(sql, schema);
      await prepare?.(sql);
    },
    nowMs,
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
