/** `docs/errors.md`: every error code with its blame, answer and what a client may do. */
import { errorTable } from '#shared/errors.ts';
import type { ErrorEntry } from '#shared/errors.ts';
import { code, renderTable } from './markdown-table.ts';

const intro = `# Errors

An error answer is JSON with \`code\`, \`message\`, \`params\` and, from the front door, \`exchange\`: the id under which
the log has the details. An upgraded connection that fails later is closed with the close code.

**Source** says who is to blame: a fault of \`downstream\` (the client) never counts against an edge. **Retry** says what
the client may do with the same request: \`never\`, \`later\`, or \`now\`.`;

export function renderErrorsPage(): string {
  const head = ['Code', 'Status', 'Close code', 'Source', 'Retry', 'Log level', 'Message'];
  const rows = Object.entries<ErrorEntry>(errorTable).map(([name, entry]) => [
    code(name),
    String(entry.status),
    String(entry.closeCode),
    entry.source,
    entry.retry,
    entry.level,
    entry.message,
  ]);
  return `${intro}\n\n${renderTable(head, rows)}`;
}
