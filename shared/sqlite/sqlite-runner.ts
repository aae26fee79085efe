/** A SQLite file behind the same face as a connection to a database server, for what runs once and may block. */
import type Database from 'better-sqlite3';
import type { SqlRunner, SqlValue } from '../sql/sql-driver.ts';

export function sqliteRunner(database: Database.Database): SqlRunner {
  const prepared = new Map<string, Database.Statement>();
  const prepare = (text: string): Database.Statement => {
    const known = prepared.get(text) ?? database.prepare(text);
    prepared.set(text, known);
    return known;
  };
  return {
    run: (text, values = []) => {
      const statement = prepare(text);
      const bound = values.map(toBound);
      if (statement.reader) {
        const rows = statement.all(...bound) as Readonly<Record<string, unknown>>[];
        return Promise.resolve({ rows, changes: 0, insertId: 0 });
      }
      return Promise.resolve({ rows: [], changes: statement.run(...bound).changes, insertId: 0 });
    },
  };
}

function toBound(value: SqlValue): SqlValue {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}
