/** `docs/log-files.md`: every file of the folder of logs, and each field of those that tell of sessions and use. */
import { fileFormats } from '../../proxy/history/file-formats.ts';
import type { FileFormat } from '../../proxy/history/file-formats.ts';
import { lineOf } from '../../proxy/history/history-files.ts';
import { code, renderTable } from './markdown-table.ts';

const intro = `# Files of the log

Where \`CT_LOG_DIR\` names a folder, these files are in it, in \`mooring direct\` as in front doors and edges of their own:

| file | holds |
| --- | --- |
| \`server.log\` | events of the front door, JSON lines; [events.md](events.md) has each event |
| \`access.log\` | a line for each exchange, as \`CT_LOG_FORMAT\` says: JSON, or the combined format of web servers |
| \`edge-ID.log\`, \`direct.log\` | events of an edge and of the supervisor, JSON lines |
| \`sessions.log\` | who was in which session |
| \`usage.log\` | how much the pool is used, every five minutes |
| \`session-metrics.csv\`, \`download-metrics.csv\` | sessions that ended, and clients that were downloaded |

A file begins anew when it is larger than \`CT_LOG_FILE_MAX_BYTES\` or older than \`CT_LOG_FILE_MAX_HOURS\`; \`CT_LOG_FILES_KEPT\` of the old ones, which have
the time in their name, are kept. \`SIGUSR1\` opens all anew, for tools that rotate.

Where several front doors are in front of one pool, each writes into a folder of its own, and a line stands where the table says: over all
folders each session and each download is there once. A line is written up to a second after its record was stored; what a process that
was killed had not written is not written later. The journal (\`mooring audit\`) and the history (\`mooring usage\`) have it.`;

export function renderLogFilesPage(): string {
  return [intro, ...Object.entries(fileFormats).map(([name, format]) => renderFile(name, format))].join(
    '\n\n',
  );
}

function renderFile(name: string, format: FileFormat): string {
  const { file, form, summary, writer, fields } = format;
  const how =
    form === 'csv'
      ? "CSV (RFC 4180): the first line of a file has the names, texts are quoted, and one that a spreadsheet would take for a formula begins with `'`."
      : 'The time, then `NAME=VALUE`; a value that is no plain word is quoted as in JSON, and fields without a value are left out.';
  const rows = Object.entries(fields).map(([field, { unit, example, help }]) => [
    code(field),
    unit,
    code(String(example)),
    help,
  ]);
  const examples = Object.fromEntries(Object.entries(fields).map(([field, { example }]) => [field, example]));
  const head = form === 'csv' ? `${Object.keys(fields).join(',')}\n` : '';
  return [
    `## ${file}`,
    `${summary} ${how}`,
    `Written by: ${writer}`,
    renderTable(['Field', 'Unit', 'Example', 'Meaning'], rows),
    `\`\`\`\n${head}${lineOf(name as keyof typeof fileFormats, examples)}\`\`\``,
  ].join('\n\n');
}
