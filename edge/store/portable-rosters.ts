/** The rosters as a dump has them: a session with its notes of requests, and the sessions that have ended. */
import { nameIn, plainTable } from '#shared/dump/plain-table.ts';
import type { PlainTableOptions } from '#shared/dump/plain-table.ts';
import type { PortableStore, PortableTable, TableWriter } from '#shared/dump/portable-store.ts';
import { raiseRunning, readRunning } from './portable-clock.ts';
import { rostersSchema } from './sql-rosters-schema.ts';
import { migrateRosters, rostersFileVersion } from './sqlite-rosters-schema.ts';

/** Some are megabytes. */
const rostersAtOnce = 50;

const key = { file: 'key', server: 'session_key' };
const columns = { key, epoch: 'epoch', birth: 'birth', bytes: 'bytes', used_ms: 'used_ms' };

const rosterRow: PlainTableOptions = {
  name: 'roster',
  table: {
    file: '(SELECT r.*, n.bytes AS requests FROM roster r LEFT JOIN roster_requests n ON n.key = r.key)',
    server: 'mooring_roster',
  },
  columns: { ...columns, requests: 'requests' },
  key: ['key'],
  rowsAtOnce: rostersAtOnce,
};
const wholeRow = plainTable(rosterRow);
const fileRow = plainTable({ ...rosterRow, table: { file: 'roster', server: 'roster' }, columns });
const fileRequests = plainTable({
  ...rosterRow,
  table: { file: 'roster_requests', server: 'roster_requests' },
  columns: { key, requests: 'bytes' },
});

/** A file has the notes of requests in a table of their own. */
const rosters: PortableTable = {
  name: 'roster',
  tables: (kind) => (kind === 'sqlite' ? ['roster', 'roster_requests'] : [nameIn(rosterRow.table, kind)]),
  read: (connection) => wholeRow.read(connection),
  openWriter: (connection) => {
    if (connection.kind !== 'sqlite') return wholeRow.openWriter(connection);
    const writers = [fileRow.openWriter(connection), fileRequests.openWriter(connection)] as const;
    const add: TableWriter['add'] = async (row) => {
      await writers[0].add(row);
      if (row['requests'] !== null) await writers[1].add(row);
    };
    const flush = async (): Promise<void> => {
      for (const writer of writers) await writer.flush();
    };
    return { add, flush };
  },
};

const ends = plainTable({
  name: 'end',
  table: { file: 'roster_end', server: 'mooring_roster_end' },
  columns: { key, birth: 'birth', ended_ms: 'ended_ms' },
  key: ['key', 'birth'],
});

export const portableRosters: PortableStore = {
  name: 'rosters',
  fileName: 'rosters.sqlite',
  fileVersion: rostersFileVersion,
  migrateFile: migrateRosters,
  schema: rostersSchema,
  tables: [rosters, ends],
  readMarks: async (connection) => ({ running: await readRunning(connection, 'roster_clock') }),
  raiseMarks: async (connection, { running = 0 }) => await raiseRunning(connection, 'roster_clock', running),
};
