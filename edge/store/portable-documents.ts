/**
 * The documents as a dump has them: every update by itself under its number, every snapshot whole. A server has them in packed
 * parts.
 */
import type { DumpRow } from '#shared/dump/dump-line.ts';
import { plainTable } from '#shared/dump/plain-table.ts';
import type { PortableStore, PortableTable, TableWriter } from '#shared/dump/portable-store.ts';
import { raiseRunning, readRunning } from './portable-clock.ts';
import { documentsSchema } from './sql-documents-schema.ts';
import { documentsFileVersion, migrateDocuments } from './sqlite-documents-schema.ts';
import { cutIntoParts, packUpdates, unpackUpdates } from './update-parts.ts';

/** Some are megabytes. */
const updatesAtOnce = 100;
const snapshotsAtOnce = 4;

const key = { file: 'key', server: 'session_key' };

const sessions = plainTable({
  name: 'session',
  table: { file: 'document_session', server: 'mooring_document_session' },
  columns: { key, epoch: 'epoch', removed: 'removed', used_ms: 'used_ms' },
  key: ['key'],
});

const updateRows = plainTable({
  name: 'update',
  table: { file: 'document_update', server: 'mooring_document_update' },
  columns: { key, document: 'document', seq: 'seq', bytes: 'bytes' },
  key: ['key', 'document', 'seq'],
  rowsAtOnce: updatesAtOnce,
});

const updateParts = plainTable({
  name: 'update',
  table: { file: 'document_update', server: 'mooring_document_update' },
  columns: {
    key,
    document: 'document',
    first_seq: 'first_seq',
    part: 'part',
    last_seq: 'last_seq',
    bytes: 'bytes',
  },
  key: ['key', 'document', 'first_seq', 'part'],
  rowsAtOnce: updatesAtOnce,
});

const snapshotRows = plainTable({
  name: 'snapshot',
  table: { file: 'document_snapshot', server: 'mooring_document_snapshot' },
  columns: { key, document: 'document', seq: 'seq', bytes: 'bytes' },
  key: ['key', 'document'],
  rowsAtOnce: snapshotsAtOnce,
});

const snapshotParts = plainTable({
  name: 'snapshot',
  table: { file: 'document_snapshot', server: 'mooring_document_snapshot' },
  columns: { key, document: 'document', part: 'part', seq: 'seq', bytes: 'bytes' },
  key: ['key', 'document', 'part'],
  rowsAtOnce: snapshotsAtOnce,
});

/** On a server the rows that belong together, one after the other, are one or more rows of the dump. */
function inParts(
  whole: PortableTable,
  parts: PortableTable,
  {
    join,
    cut,
  }: { join: (rows: readonly DumpRow[]) => readonly DumpRow[]; cut: (row: DumpRow) => readonly DumpRow[] },
): PortableTable {
  return {
    ...whole,
    read: (connection) =>
      connection.kind === 'sqlite' ? whole.read(connection) : joinParts(parts.read(connection), join),
    openWriter: (connection) => {
      if (connection.kind === 'sqlite') return whole.openWriter(connection);
      const writer = parts.openWriter(connection);
      const add: TableWriter['add'] = async (row) => {
        for (const part of cut(row)) await writer.add(part);
      };
      return { add, flush: async () => await writer.flush() };
    },
  };
}

async function* joinParts(
  parts: AsyncIterable<DumpRow>,
  join: (rows: readonly DumpRow[]) => readonly DumpRow[],
): AsyncGenerator<DumpRow> {
  let together: DumpRow[] = [];
  for await (const part of parts) {
    if (part['part'] === 0 && together.length > 0) {
      yield* join(together);
      together = [];
    }
    together.push(part);
  }
  if (together.length > 0) yield* join(together);
}

const updates = inParts(updateRows, updateParts, {
  join: (rows) => {
    const { key: session, document, first_seq: first } = rows[0]!;
    return unpackUpdates(bytesOf(rows)).map((bytes, at) => ({
      key: session!,
      document: document!,
      seq: (first as number) + at,
      bytes,
    }));
  },
  cut: ({ key: session, document, seq, bytes }) =>
    cutIntoParts(packUpdates([bytes as Uint8Array])).map((cut, part) => ({
      key: session!,
      document: document!,
      first_seq: seq!,
      part,
      last_seq: seq!,
      bytes: cut,
    })),
});

const snapshots = inParts(snapshotRows, snapshotParts, {
  join: (rows) => {
    const { key: session, document, seq } = rows[0]!;
    return [{ key: session!, document: document!, seq: seq!, bytes: bytesOf(rows) }];
  },
  cut: ({ key: session, document, seq, bytes }) =>
    cutIntoParts(bytes as Uint8Array).map((cut, part) => ({
      key: session!,
      document: document!,
      part,
      seq: seq!,
      bytes: cut,
    })),
});

function bytesOf(rows: readonly DumpRow[]): Uint8Array {
  return Buffer.concat(rows.map(({ bytes }) => bytes as Uint8Array));
}

export const portableDocuments: PortableStore = {
  name: 'documents',
  fileName: 'documents.sqlite',
  fileVersion: documentsFileVersion,
  migrateFile: migrateDocuments,
  schema: documentsSchema,
  tables: [sessions, updates, snapshots],
  readMarks: async (connection) => ({ running: await readRunning(connection, 'document_clock') }),
  raiseMarks: async (connection, { running = 0 }) =>
    await raiseRunning(connection, 'document_clock', running),
};
