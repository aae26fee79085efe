/** The journal as a dump has it: records with the order in which they came, which those that follow go on from. */
import { plainTable } from '#shared/dump/plain-table.ts';
import type { PortableStore, PortableTable } from '#shared/dump/portable-store.ts';
import { historyColumns, historyKeys, historyTableNames } from '../history/history-schema.ts';
import type { HistoryTable } from '../history/history-schema.ts';
import { journalFileVersion, journalSchema, migrateJournal } from './journal-schema.ts';
import { entryColumns, journalTables, usageColumns } from './journal-statements.ts';

function portable(name: 'entry' | 'usage', columns: Readonly<Record<string, string>>): PortableTable {
  const table = { file: journalTables[name], server: journalTables[name] };
  const all = ['id', 'stored_ms', ...Object.values(columns)];
  return plainTable({
    name,
    table,
    columns: Object.fromEntries(all.map((column) => [column, column])),
    key: ['id'],
  });
}

function portableHistory(name: HistoryTable): PortableTable {
  const table = { file: historyTableNames[name], server: historyTableNames[name] };
  return plainTable({
    name: `history ${name}`,
    table,
    columns: Object.fromEntries(historyColumns[name].map((column) => [column, column])),
    key: historyKeys[name],
  });
}

export const portableJournal: PortableStore = {
  name: 'journal',
  fileName: 'journal.sqlite',
  fileVersion: journalFileVersion,
  migrateFile: migrateJournal,
  schema: journalSchema,
  tables: [
    portable('entry', entryColumns),
    portable('usage', usageColumns),
    ...(Object.keys(historyTableNames) as HistoryTable[]).map(portableHistory),
  ],
  readMarks: () => Promise.resolve({}),
  raiseMarks: async (connection) => {
    // The others do so by themselves when a number is given to them.
    if (connection.kind !== 'postgres') return;
    for (const table of Object.values(journalTables)) {
      await connection.run(
        `SELECT setval(pg_get_serial_sequence('${table}', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM ${table}))`,
      );
    }
  },
};
