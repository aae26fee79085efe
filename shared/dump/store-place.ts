/**
 * Where a pool keeps its stores: SQLite files of the data folder, or one database server. Opens each store for one consistent
 * read that holds nobody up, or for one transaction that writes all or nothing.
 */
import Database from 'better-sqlite3';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSettings } from '../sql/database-settings.ts';
import { loadDriver } from '../sql/load-driver.ts';
import { migrateSql, readSchemaVersion } from '../sql/migrate-sql.ts';
import type { SqlDialect } from '../sql/sql-driver.ts';
import { openDatabase } from '../sqlite/serve.ts';
import { sqliteRunner } from '../sqlite/sqlite-runner.ts';
import type { PortableStore, StoreConnection } from './portable-store.ts';

export interface StorePlace {
  readonly dataDir: string;
  /** Undefined where the stores are files. */
  readonly database: DatabaseSettings | undefined;
}

type Use<T> = (connection: StoreConnection) => Promise<T>;

/** Undefined where the store is not there at all. */
export async function readStoreVersion(place: StorePlace, store: PortableStore): Promise<number | undefined> {
  if (place.database !== undefined) {
    return await onServer(
      place.database,
      async (connection) => await readSchemaVersion(connection, store.name),
    );
  }
  const path = join(place.dataDir, store.fileName);
  if (!existsSync(path)) return undefined;
  return await onFile(new Database(path, { readonly: true }), (file) =>
    Promise.resolve(file.pragma('user_version', { simple: true }) as number),
  );
}

export function knownVersion(place: StorePlace, store: PortableStore): number {
  return place.database === undefined
    ? store.fileVersion
    : store.schema.migrations[place.database.dialect].length;
}

/** Makes the store where it is missing, and brings its tables up to date. */
export async function migrateStore(place: StorePlace, store: PortableStore): Promise<void> {
  if (place.database === undefined) {
    mkdirSync(place.dataDir, { recursive: true, mode: 0o700 });
    const file = openDatabase(join(place.dataDir, store.fileName), { durable: true });
    return await onFile(file, async (database) => await Promise.resolve(store.migrateFile(database)));
  }
  await onServer(place.database, async (connection) => {
    const transaction: StoreTransaction = async (work) => await within(connection, 'BEGIN', work);
    await migrateSql({ ...connection, transaction }, store.schema);
  });
}

type StoreTransaction = <T>(work: Use<T>) => Promise<T>;

/** Everything that it reads until it is closed is of one moment; nobody waits for it. */
export interface Reading {
  readonly connection: StoreConnection;
  readonly close: () => Promise<void>;
}

export async function openReading(place: StorePlace, store: PortableStore): Promise<Reading> {
  if (place.database === undefined) {
    const file = new Database(join(place.dataDir, store.fileName), { readonly: true });
    file.exec('BEGIN');
    return {
      connection: fileConnection(file),
      close: () => Promise.resolve(file.close()).then(() => undefined),
    };
  }
  const { connection, close } = await connectTo(place.database);
  try {
    for (const statement of beginReading[connection.kind]) await connection.run(statement);
  } catch (error) {
    await close();
    throw error;
  }
  return { connection, close };
}

const beginReading = {
  mysql: [
    'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ',
    'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
  ],
  postgres: ['BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'],
} as const;

export async function readStore<T>(place: StorePlace, store: PortableStore, use: Use<T>): Promise<T> {
  const { connection, close } = await openReading(place, store);
  try {
    return await use(connection);
  } finally {
    await close();
  }
}

/** All that `use` writes is there when it ends, or nothing of it. */
export async function writeStore<T>(place: StorePlace, store: PortableStore, use: Use<T>): Promise<T> {
  if (place.database === undefined) {
    const file = openDatabase(join(place.dataDir, store.fileName), { durable: true });
    return await onFile(
      file,
      async (database) => await within(fileConnection(database), 'BEGIN IMMEDIATE', use),
    );
  }
  return await onServer(place.database, async (connection) => await within(connection, 'BEGIN', use));
}

/** For what a transaction cannot be asked, such as the server's version. */
export async function onServer<T>(
  settings: DatabaseSettings,
  use: (connection: ServerConnection) => Promise<T>,
): Promise<T> {
  const { connection, close } = await connectTo(settings);
  try {
    return await use(connection);
  } finally {
    await close();
  }
}

export interface ServerConnection extends StoreConnection {
  readonly kind: SqlDialect;
  readonly dialect: SqlDialect;
}

const patience = {
  mysql: ['SET SESSION wait_timeout = 28800', 'SET SESSION idle_transaction_timeout = 0'],
  postgres: ['SET idle_in_transaction_session_timeout = 0'],
} as const;

async function connectTo(
  settings: DatabaseSettings,
): Promise<{ connection: ServerConnection; close: () => Promise<void> }> {
  const driver = await loadDriver(settings, 1);
  const { dialect } = driver;
  const end = async (): Promise<void> => await driver.close().catch(() => undefined);
  try {
    const held = await driver.connect();
    const close = async (): Promise<void> => {
      held.destroy();
      await end();
    };
    const run: StoreConnection['run'] = async (statement, values) => await held.run(statement, values);
    // A read waits for whoever writes the file, which may be slow. MySQL does not know MariaDB's setting.
    for (const statement of patience[dialect]) await run(statement).catch(() => undefined);
    return { connection: { dialect, kind: dialect, run }, close };
  } catch (error) {
    await end();
    throw error;
  }
}

function fileConnection(database: Database.Database): StoreConnection {
  return { kind: 'sqlite', ...sqliteRunner(database) };
}

async function onFile<T>(file: Database.Database, use: (file: Database.Database) => Promise<T>): Promise<T> {
  try {
    return await use(file);
  } finally {
    file.close();
  }
}

async function within<T>(connection: StoreConnection, begin: string, use: Use<T>): Promise<T> {
  await connection.run(begin);
  try {
    const result = await use(connection);
    await connection.run('COMMIT');
    return result;
  } catch (error) {
    // Where the connection is gone, the database takes it back by itself.
    await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
