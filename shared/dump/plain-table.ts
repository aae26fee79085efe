/** A table whose rows are the same in every kind of database, but for names: read in the order of its key, written in batches. */
import type { SqlValue } from '../sql/sql-driver.ts';
import type { DumpRow } from './dump-line.ts';
import type { PortableTable, StoreConnection, StoreKind, TableWriter } from './portable-store.ts';

/** What differs between a SQLite file and a server's tables. */
export interface Names {
  readonly file: string;
  readonly server: string;
}

export interface PlainTableOptions {
  readonly name: string;
  readonly table: Names;
  /** Column in the dump -> column in the table. */
  readonly columns: Readonly<Record<string, string | Names>>;
  /** Columns of the dump that are the primary key, in its order. */
  readonly key: readonly string[];
  /** Fewer where rows are large. */
  readonly rowsAtOnce?: number;
}

const rowsAtOnceDefault = 1_000;
/** Values in one statement: SQLite takes 32,766 and PostgreSQL 65,535. */
const valuesMax = 2_000;
/** Bytes in one statement: below the packet of the strictest server. */
const batchMaxBytes = 1_048_576;

export function plainTable(options: PlainTableOptions): PortableTable {
  return {
    name: options.name,
    tables: (kind) => [nameIn(options.table, kind)],
    read: (connection) => readRows(options, connection),
    openWriter: (connection) => new BatchWriter(options, connection),
  };
}

export function nameIn(name: string | Names, kind: StoreKind): string {
  if (typeof name === 'string') return name;
  return kind === 'sqlite' ? name.file : name.server;
}

/** From one key to the next: a page is read in the time of its rows, however many came before. */
async function* readRows(options: PlainTableOptions, connection: StoreConnection): AsyncGenerator<DumpRow> {
  const { kind } = connection;
  const { key, columns, rowsAtOnce = rowsAtOnceDefault } = options;
  const list = Object.entries(columns).map(
    ([name, column]) => `${nameIn(column, kind)} AS ${quoted(name, kind)}`,
  );
  const keyColumns = key.map((name) => nameIn(columns[name]!, kind));
  const from = `SELECT ${list.join(', ')} FROM ${nameIn(options.table, kind)}`;
  const order = `ORDER BY ${keyColumns.join(', ')} LIMIT ${rowsAtOnce}`;
  const { condition, valuesOf } = after(keyColumns, kind);
  let last: DumpRow | undefined;
  for (;;) {
    const { rows } =
      last === undefined
        ? await connection.run(`${from} ${order}`)
        : await connection.run(
            `${from} WHERE ${condition} ${order}`,
            valuesOf(key.map((name) => last![name]!)),
          );
    for (const row of rows as readonly DumpRow[]) yield { ...row };
    if (rows.length < rowsAtOnce) return;
    last = rows.at(-1) as DumpRow;
  }
}

/** MySQL finds no index for a comparison of whole keys, PostgreSQL none for the one that MySQL needs. */
function after(
  columns: readonly string[],
  kind: StoreKind,
): { condition: string; valuesOf: (values: SqlValue[]) => SqlValue[] } {
  if (kind !== 'mysql') {
    const places = columns.map(() => '?').join(', ');
    return { condition: `(${columns.join(', ')}) > (${places})`, valuesOf: (values) => values };
  }
  const steps = columns.map((column, at) =>
    [...columns.slice(0, at).map((before) => `${before} = ?`), `${column} > ?`].join(' AND '),
  );
  return {
    condition: `(${steps.map((step) => `(${step})`).join(' OR ')})`,
    valuesOf: (values) => columns.flatMap((_, at) => values.slice(0, at + 1)),
  };
}

/** A column of the dump may have a name that a database keeps for itself. */
function quoted(name: string, kind: StoreKind): string {
  return kind === 'mysql' ? `\`${name}\`` : `"${name}"`;
}

class BatchWriter implements TableWriter {
  readonly #connection: StoreConnection;
  readonly #names: readonly string[];
  readonly #insert: string;
  #values: SqlValue[] = [];
  #bytes = 0;

  constructor({ table, columns }: PlainTableOptions, connection: StoreConnection) {
    this.#connection = connection;
    this.#names = Object.keys(columns);
    const list = Object.values(columns).map((column) => nameIn(column, connection.kind));
    this.#insert = `INSERT INTO ${nameIn(table, connection.kind)} (${list.join(', ')}) VALUES`;
  }

  async add(row: DumpRow): Promise<void> {
    const values = this.#names.map((name) => {
      const value = row[name];
      if (value === undefined) throw new Error(`a row of the dump has no ${name}`);
      return value;
    });
    const bytes = values.reduce<number>((sum, value) => sum + sizeOf(value), 0);
    if (this.#values.length + values.length > valuesMax || this.#bytes + bytes > batchMaxBytes)
      await this.flush();
    this.#values.push(...values);
    this.#bytes += bytes;
  }

  async flush(): Promise<void> {
    if (this.#values.length === 0) return;
    const one = `(${this.#names.map(() => '?').join(', ')})`;
    const rows = this.#values.length / this.#names.length;
    await this.#connection.run(
      `${this.#insert} ${Array.from({ length: rows }, () => one).join(', ')}`,
      this.#values,
    );
    this.#values = [];
    this.#bytes = 0;
  }
}

function sizeOf(value: SqlValue): number {
  if (value instanceof Uint8Array) return value.byteLength;
  return typeof value === 'string' ? value.length * 3 : 8;
}
