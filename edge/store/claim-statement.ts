/** The statement by which an edge gets hold of a key, in both dialects: it changes nothing where the epoch there is higher. */
import type { SqlDialect } from '#shared/sql/sql-driver.ts';

interface ClaimOptions {
  readonly table: 'mooring_document_session' | 'mooring_roster';
  /** Of a row that is new, as expressions, beside `session_key` and `epoch`, which are the values. */
  readonly columns: Readonly<Record<string, string>>;
  /** Columns that a claim writes anew. */
  readonly renewed: readonly string[];
}

export function claimStatement(dialect: SqlDialect, { table, columns, renewed }: ClaimOptions): string {
  const names = ['session_key', 'epoch', ...Object.keys(columns)];
  const insert = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${['?', '?', ...Object.values(columns)].join(', ')})`;
  if (dialect === 'postgres') {
    const all = [...renewed, 'epoch'].map((column) => `${column} = EXCLUDED.${column}`);
    return `${insert} ON CONFLICT (session_key) DO UPDATE SET ${all.join(', ')}
      WHERE ${table}.epoch <= EXCLUDED.epoch`;
  }
  // From left to right: the epoch that the others are compared with comes last.
  const taken = renewed.map(
    (column) => `${column} = IF(epoch <= VALUES(epoch), VALUES(${column}), ${column})`,
  );
  return `${insert} ON DUPLICATE KEY UPDATE ${[...taken, 'epoch = GREATEST(epoch, VALUES(epoch))'].join(', ')}`;
}
