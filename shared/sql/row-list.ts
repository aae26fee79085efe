/** Rows by several columns each, in a statement. */

/**
 * A condition for so many rows, whose values come one after the other: `((a = ? AND b = ?) OR (a = ? AND b = ?))`. MariaDB
 * reads the whole table for `(a, b) IN ((?, ?))` where that is a single row: 0.25 s among 300,000.
 */
export function isOneOf(columns: readonly string[], rows: number): string {
  const one = `(${columns.map((column) => `${column} = ?`).join(' AND ')})`;
  return `(${Array.from({ length: rows }, () => one).join(' OR ')})`;
}
