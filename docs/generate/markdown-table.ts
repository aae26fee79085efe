/** A table in Markdown, from cells that may hold any text; prettier lays it out afterwards. */

export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map(() => '---');
  return [head, rule, ...rows].map(renderRow).join('\n');
}

/** Text as code; empty text stays empty, since a pair of backticks alone shows as backticks. */
export function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

function renderRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
}
