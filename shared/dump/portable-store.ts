/**
 * What a store has to say of itself to be carried from one kind of database to another: its tables in the words of the dump,
 * and the numbers beside them.
 */
import type Database from 'better-sqlite3';
import type { SqlStoreSchema } from '../sql/migrate-sql.ts';
import type { SqlDialect, SqlRunner } from '../sql/sql-driver.ts';
import type { DumpRow } from './dump-line.ts';

export type StoreKind = SqlDialect | 'sqlite';

/** One connection within one transaction. */
export interface StoreConnection extends SqlRunner {
  readonly kind: StoreKind;
}

export interface PortableTable {
  readonly name: string;
  /** Tables of the database that hold it, in which nothing else is. */
  readonly tables: (kind: StoreKind) => readonly string[];
  read(connection: StoreConnection): AsyncIterable<DumpRow>;
  /** Writes what it takes at the latest with `flush`. */
  openWriter(connection: StoreConnection): TableWriter;
}

export interface TableWriter {
  add(row: DumpRow): Promise<void>;
  flush(): Promise<void>;
}

export interface PortableStore {
  readonly name: SqlStoreSchema['store'];
  /** In the data folder. */
  readonly fileName: string;
  /** Schema of the file that this program knows. */
  readonly fileVersion: number;
  readonly migrateFile: (database: Database.Database) => void;
  readonly schema: SqlStoreSchema;
  readonly tables: readonly PortableTable[];
  /** Counters and clocks. */
  readMarks(connection: StoreConnection): Promise<Readonly<Record<string, number>>>;
  /** Raises the store's own so that nothing of the dump is ahead of them; they never go down. */
  raiseMarks(connection: StoreConnection, marks: Readonly<Record<string, number>>): Promise<void>;
  /** A number that changes every few seconds while a process serves from this store; undefined where none does. */
  readonly pulse?: (connection: StoreConnection) => Promise<number>;
}
