/** Cells of CSV (RFC 4180) that no spreadsheet takes for a formula. */

/** Figures stand as they are; texts are quoted, for they come from people and clients. */
export function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  // What a table reads as the beginning of a formula, also behind white space and in wide letters.
  const plain = /^\s*[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return `"${plain.replaceAll('"', '""')}"`;
}

export function csvLine(values: readonly (string | number)[]): string {
  return `${values.map(csvCell).join(',')}\n`;
}
