/**
 * Brings the tables of one store to the newest version. Forward only: a database that a newer program has migrated is
 * refused. Safe when several processes start at once: one migrates, the others wait for it.
 */
import type { PreparingSql } from './sql-database.ts';
import type { SqlDialect, SqlRunner } from './sql-driver.ts';

/**
 * Statements of one version. MySQL commits each by itself, and a process may die in between: each has to do no harm when it
 * runs once more (`IF NOT EXISTS`).
 */
export type SqlMigration = readonly string[];

export interface SqlStoreSchema {
  /** Of one store among those that share the database. */
  readonly store: 'directory' | 'documents' | 'rosters' | 'journal';
  readonly migrations: Readonly<Record<SqlDialect, readonly SqlMigration[]>>;
}

/** One lock for all stores: a first start is seldom, and MySQL's locks have no other names in common with ours. */
const lockName = 'mooring-migration';
const lockNumber = 1_836_019_303;
/** Below the deadline of a call, so that it ends with its reason. */
const lockWaitSeconds = 2;

const schemaTable = `CREATE TABLE IF NOT EXISTS mooring_schema (
  store VARCHAR(32) NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL
)`;

export async function migrateSql(sql: PreparingSql, schema: SqlStoreSchema): Promise<void> {
  if ((await readSchemaVersion(sql, schema.store)) === schema.migrations[sql.dialect].length) return;
  await sql.transaction(async (runner) => {
    await lock(runner, sql.dialect);
    try {
      await runner.run(schemaTable);
      await runMissing(runner, schema, sql.dialect);
    } finally {
      // PostgreSQL lets go by itself when the transaction ends.
      if (sql.dialect === 'mysql') await runner.run('DO RELEASE_LOCK(?)', [lockName]);
    }
  });
}

/** Version of a store's tables; undefined where there are none. */
export async function readSchemaVersion(
  sql: SqlRunner & { dialect: SqlDialect },
  store: string,
): Promise<number | undefined> {
  const current = sql.dialect === 'mysql' ? 'DATABASE()' : 'current_schema()';
  const tables = await sql.run(
    `SELECT 1 AS found FROM information_schema.tables WHERE table_schema = ${current} AND table_name = 'mooring_schema'`,
  );
  if (tables.rows.length === 0) return undefined;
  const { rows } = await sql.run('SELECT version FROM mooring_schema WHERE store = ?', [store]);
  return rows[0]?.['version'] as number | undefined;
}

async function runMissing(
  runner: SqlRunner,
  { store, migrations }: SqlStoreSchema,
  dialect: SqlDialect,
): Promise<void> {
  const known = migrations[dialect];
  const { rows } = await runner.run('SELECT version FROM mooring_schema WHERE store = ?', [store]);
  const version = (rows[0]?.['version'] as number | undefined) ?? 0;
  if (version > known.length) {
    throw new Error(
      `the ${store} in the database has schema version ${version}, this program knows ${known.length}: use the newer program`,
    );
  }
  for (const statement of known.slice(version).flat()) await runner.run(statement);
  const write =
    rows.length === 0
      ? 'INSERT INTO mooring_schema (version, store) VALUES (?, ?)'
      : 'UPDATE mooring_schema SET version = ? WHERE store = ?';
  await runner.run(write, [known.length, store]);
}

async function lock(runner: SqlRunner, dialect: SqlDialect): Promise<void> {
  if (dialect === 'postgres') {
    await runner.run('SELECT pg_advisory_xact_lock(?)', [lockNumber]);
    return;
  }
  const { rows } = await runner.run('SELECT GET_LOCK(?, ?) AS got', [lockName, lockWaitSeconds]);
  if (rows[0]?.['got'] !== 1)
    throw new Error('another process is migrating the database; start again when it is done');
}
