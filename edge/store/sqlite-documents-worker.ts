/**
 * The document store's thread: every operation of `DocumentStore` as statements on one SQLite file. Each
 * call runs inside the transaction of its batch, so that fence and write are one step beside other edges.
 */
import type Database from 'better-sqlite3';
import { workerData } from 'node:worker_threads';
import { openDatabase, serveThread } from '#shared/sqlite/serve.ts';
import type { DocumentRef, DocumentWritten, Fenced, Snapshot, StoredDocument } from './document-store.ts';
import { migrateDocuments } from './sqlite-documents-schema.ts';

interface BytesRow {
  seq: number;
  bytes: Uint8Array;
}

const { path } = workerData as { path: string };
// What members were told is kept must outlast a power cut.
const database = openDatabase(path, { durable: true });
migrateDocuments(database);

const sql = {
  epoch: prepare('SELECT epoch FROM document_session WHERE key = ?'),
  setEpoch: prepare(
    'INSERT INTO document_session (key, epoch) VALUES (:key, :epoch) ON CONFLICT (key) DO UPDATE SET epoch = excluded.epoch',
  ),
  snapshot: prepare('SELECT seq, bytes FROM document_snapshot WHERE key = :key AND document = :document'),
  updates: prepare(
    `SELECT seq, bytes FROM document_update
      WHERE key = :key AND document = :document AND seq > :after ORDER BY seq`,
  ),
  lastSeq: prepare(
    `SELECT max(seq) AS seq FROM (
       SELECT seq FROM document_snapshot WHERE key = :key AND document = :document
       UNION ALL
       SELECT max(seq) FROM document_update WHERE key = :key AND document = :document)`,
  ),
  addUpdate: prepare(
    'INSERT INTO document_update (key, document, seq, bytes) VALUES (:key, :document, :seq, :bytes)',
  ),
  putSnapshot: prepare(
    `INSERT INTO document_snapshot (key, document, seq, bytes) VALUES (:key, :document, :seq, :bytes)
     ON CONFLICT (key, document) DO UPDATE SET seq = excluded.seq, bytes = excluded.bytes
       WHERE excluded.seq > document_snapshot.seq`,
  ),
  removeUpdates: prepare(
    'DELETE FROM document_update WHERE key = :key AND document = :document AND seq <= :seq',
  ),
};

const operations = {
  load(ref: DocumentRef): StoredDocument | Fenced {
    if (!claim(ref)) return { kind: 'fenced' };
    const snapshot = sql.snapshot.get(place(ref)) as BytesRow | undefined;
    const after = snapshot?.seq ?? 0;
    const updates = sql.updates.all({ ...place(ref), after }) as BytesRow[];
    return {
      kind: 'loaded',
      snapshot: snapshot?.bytes,
      updates: updates.map((row) => row.bytes),
      lastSeq: updates.at(-1)?.seq ?? after,
    };
  },
  append(input: { ref: DocumentRef; updates: readonly Uint8Array[] }): DocumentWritten | Fenced {
    const { ref, updates } = input;
    if (!claim(ref)) return { kind: 'fenced' };
    let seq = readLastSeq(ref);
    for (const bytes of updates) sql.addUpdate.run({ ...place(ref), seq: ++seq, bytes });
    return { kind: 'written', lastSeq: seq };
  },
  compact(input: { ref: DocumentRef; snapshot: Snapshot }): DocumentWritten | Fenced {
    const { ref, snapshot } = input;
    if (!claim(ref)) return { kind: 'fenced' };
    const lastSeq = readLastSeq(ref);
    // A snapshot from the future would hide the updates that get these numbers later.
    if (snapshot.throughSeq > lastSeq) throw new Error('the snapshot is ahead of the document');
    const row = { ...place(ref), seq: snapshot.throughSeq };
    const stored = sql.putSnapshot.run({ ...row, bytes: snapshot.bytes });
    if (stored.changes > 0) sql.removeUpdates.run(row);
    return { kind: 'written', lastSeq };
  },
};

export type DocumentOperations = typeof operations;

function prepare(statement: string): Database.Statement {
  return database.prepare(statement);
}

/** False where another edge has a higher epoch. */
function claim({ key, epoch }: DocumentRef): boolean {
  const stored = sql.epoch.get(key) as { epoch: number } | undefined;
  if (stored !== undefined && stored.epoch > epoch) return false;
  if (stored?.epoch !== epoch) sql.setEpoch.run({ key, epoch });
  return true;
}

function place({ key, document }: DocumentRef): { key: string; document: string } {
  return { key, document };
}

function readLastSeq(ref: DocumentRef): number {
  return (sql.lastSeq.get(place(ref)) as { seq: number | null }).seq ?? 0;
}

serveThread(database, operations);
