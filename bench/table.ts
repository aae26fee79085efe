/** Plain text tables: the first column to the left, figures to the right. */

export function formatTable(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.map((_, column) => column) ?? [];
  const widths = columns.map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row.map((cell, column) => pad(cell, column, widths)).join('  ')}`).join('\n');
}

export function formatFigure(figure: number, digits: number): string {
  return figure.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function pad(cell: string, column: number, widths: readonly number[]): string {
  return column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
}
