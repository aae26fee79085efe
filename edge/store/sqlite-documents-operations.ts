/**
 * The operations of `DocumentStore` as statements on one SQLite database. Each is one step, check and write, if its
 * caller runs it in a transaction.
 */
import type Database from 'better-sqlite3';
import type {
  DocumentRef,
  DocumentWritten,
  Fenced,
  SessionRef,
  Snapshot,
  StoredDocument,
} from './document-store.ts';
import { prepareRunningClock } from './running-clock.ts';

interface BytesRow {
  seq: number;
  bytes: Uint8Array;
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: Database.Database) {
  const prepare = (statement: string): Database.Statement => database.prepare(statement);
  return {
    session: prepare('SELECT epoch, removed FROM document_session WHERE key = ?'),
    setEpoch: prepare(
      `INSERT INTO document_session (key, epoch, used_ms)
         VALUES (:key, :epoch, (SELECT running_ms FROM document_clock))
       ON CONFLICT (key) DO UPDATE SET epoch = excluded.epoch`,
    ),
    open: prepare(
      'UPDATE document_session SET used_ms = :now, removed = 0 WHERE key = :key AND epoch = :epoch',
    ),
    // Who holds what is removed must load anew: its writes would be half of a document.
    use: prepare(
      'UPDATE document_session SET used_ms = :now WHERE key = :key AND epoch = :epoch AND removed = 0',
    ),
    unused: prepare(
      'SELECT key FROM document_session WHERE removed = 0 AND used_ms < :before ORDER BY used_ms LIMIT :limit',
    ),
    setRemoved: prepare('UPDATE document_session SET removed = 1 WHERE key = ?'),
    removeAllUpdates: prepare('DELETE FROM document_update WHERE key = ?'),
    removeAllSnapshots: prepare('DELETE FROM document_snapshot WHERE key = ?'),
    snapshot: prepare('SELECT seq, bytes FROM document_snapshot WHERE key = :key AND document = :document'),
    updates: prepare(
      `SELECT seq, bytes FROM document_update
        WHERE key = :key AND document = :document AND seq > :after ORDER BY seq`,
    ),
    // With a plus, so that SQLite plans it once: it plans anew for each value that it might have statistics of, which took
    // nine tenths of this one.
    lastSeq: prepare(
      `SELECT max(seq) AS seq FROM (
         SELECT seq FROM document_snapshot WHERE key = +:key AND document = +:document
         UNION ALL
         SELECT max(seq) FROM document_update WHERE key = +:key AND document = +:document)`,
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
}

export type DocumentOperations = ReturnType<typeof createDocumentOperations>;

/** `wallMs` is the host's clock. */
export function createDocumentOperations(database: Database.Database, wallMs: () => number) {
  const sql = prepareStatements(database);
  const readClock = prepareRunningClock(database, 'document_clock', wallMs);
  return {
    load(ref: DocumentRef): StoredDocument | Fenced {
      if (claim(sql, ref) === 'fenced') return { kind: 'fenced' };
      sql.open.run({ key: ref.key, epoch: ref.epoch, now: readClock() });
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
      if (claim(sql, ref) !== 'claimed') return { kind: 'fenced' };
      let seq = readLastSeq(sql, ref);
      for (const bytes of updates) sql.addUpdate.run({ ...place(ref), seq: ++seq, bytes });
      return { kind: 'written', lastSeq: seq };
    },
    compact(input: { ref: DocumentRef; snapshot: Snapshot }): DocumentWritten | Fenced {
      const { ref, snapshot } = input;
      if (claim(sql, ref) !== 'claimed') return { kind: 'fenced' };
      const lastSeq = readLastSeq(sql, ref);
      // A snapshot from the future would hide the updates that get these numbers later.
      if (snapshot.throughSeq > lastSeq) throw new Error('the snapshot is ahead of the document');
      const row = { ...place(ref), seq: snapshot.throughSeq };
      const stored = sql.putSnapshot.run({ ...row, bytes: snapshot.bytes });
      if (stored.changes > 0) sql.removeUpdates.run(row);
      return { kind: 'written', lastSeq };
    },
    removeUnused(input: {
      held: readonly SessionRef[];
      rule: { readonly unusedForMs: number; readonly limit: number };
    }): number {
      const { held, rule } = input;
      const now = readClock();
      for (const { key, epoch } of held) sql.use.run({ key, epoch, now });
      if (rule.unusedForMs === Infinity) return 0;
      const rows = sql.unused.all({ before: now - rule.unusedForMs, limit: rule.limit });
      for (const { key } of rows as { key: string }[]) {
        sql.removeAllUpdates.run(key);
        sql.removeAllSnapshots.run(key);
        sql.setRemoved.run(key);
      }
      return rows.length;
    },
  };
}

/** `fenced` where another edge has a higher epoch, `removed` where the documents are gone since the last load. */
function claim(sql: Statements, { key, epoch }: DocumentRef): 'claimed' | 'removed' | 'fenced' {
  const stored = sql.session.get(key) as { epoch: number; removed: number } | undefined;
  if (stored !== undefined && stored.epoch > epoch) return 'fenced';
  if (stored?.epoch !== epoch) sql.setEpoch.run({ key, epoch });
  return stored?.removed === 1 ? 'removed' : 'claimed';
}

function place({ key, document }: DocumentRef): { key: string; document: string } {
  return { key, document };
}

function readLastSeq(sql: Statements, ref: DocumentRef): number {
  return (sql.lastSeq.get(place(ref)) as { seq: number | null }).seq ?? 0;
}
