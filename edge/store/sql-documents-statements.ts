/** The document store's statements in both dialects: what differs between MySQL and PostgreSQL stands here and nowhere else. */
import { isOneOf } from '#shared/sql/row-list.ts';
import type { SqlDialect } from '#shared/sql/sql-driver.ts';
import { claimStatement } from './claim-statement.ts';
import { runningClock } from './sql-running-clock.ts';

export type DocumentStatements = ReturnType<typeof documentStatements>;

const session = 'mooring_document_session';
const place = 'session_key = ? AND document = ?';

export function documentStatements(dialect: SqlDialect) {
  const clock = runningClock(dialect, 'mooring_document_clock');
  const columns = { removed: '0', used_ms: clock.now };
  // Writers of one session's documents need not wait for each other, and whoever claims or removes it waits for all of them.
  const hold = dialect === 'postgres' ? 'FOR SHARE' : 'FOR UPDATE';
  const firstPart = `INTO mooring_document_update (session_key, document, first_seq, part, last_seq, bytes)
    SELECT session_key, ?, ?, 0, ?, ? FROM ${session}
     WHERE session_key = ? AND epoch = ? AND removed = 0 ${hold}`;
  return {
    tick: clock.tick,
    now: `SELECT ${clock.now} AS now_ms`,
    /** Claims the key and notes its use, or changes nothing where its epoch is higher. */
    open: claimStatement(dialect, { table: session, columns, renewed: ['removed', 'used_ms'] }),
    /** The same for a write: what is removed stays so. */
    raise: claimStatement(dialect, { table: session, columns, renewed: [] }),
    session: `SELECT epoch, removed FROM ${session} WHERE session_key = ?`,
    lockSession: `SELECT epoch, removed FROM ${session} WHERE session_key = ? FOR UPDATE`,
    lastSeq: `SELECT GREATEST(
        COALESCE((SELECT last_seq FROM mooring_document_update WHERE ${place} ORDER BY first_seq DESC LIMIT 1), 0),
        COALESCE((SELECT MAX(seq) FROM mooring_document_snapshot WHERE ${place}), 0)) AS last_seq`,
    /**
     * One row, and the session held until the end of the transaction. No row where the epoch is another, the documents are removed,
     * or the number is taken.
     */
    addFirstPart:
      dialect === 'mysql' ? `INSERT IGNORE ${firstPart}` : `INSERT ${firstPart} ON CONFLICT DO NOTHING`,
    addPart: `INSERT INTO mooring_document_update (session_key, document, first_seq, part, last_seq, bytes)
      VALUES (?, ?, ?, ?, ?, ?)`,
    updates: `SELECT first_seq, last_seq, part, bytes FROM mooring_document_update
      WHERE ${place} ORDER BY first_seq, part`,
    /**
     * Epoch and state of the session, and the parts of the document's snapshot, if there are any: in any order, as MySQL would
     * put them in order by way of its disk.
     */
    snapshot: `SELECT s.epoch, s.removed, n.part, n.seq, n.bytes FROM ${session} s
      LEFT JOIN mooring_document_snapshot n ON n.session_key = s.session_key AND n.document = ?
      WHERE s.session_key = ?`,
    snapshotSeq: `SELECT MAX(seq) AS seq FROM mooring_document_snapshot WHERE ${place}`,
    dropSnapshot: `DELETE FROM mooring_document_snapshot WHERE ${place}`,
    addSnapshotPart: `INSERT INTO mooring_document_snapshot (session_key, document, part, seq, bytes)
      VALUES (?, ?, ?, ?, ?)`,
    dropUpdates: `DELETE FROM mooring_document_update WHERE ${place} AND first_seq <= ? AND last_seq <= ?`,
    /** Who holds what is removed must load anew: its writes would be half of a document. */
    use: (sessions: number) => `UPDATE ${session} SET used_ms = ? WHERE removed = 0
        AND ${isOneOf(['session_key', 'epoch'], sessions)}`,
    unused: `SELECT session_key FROM ${session} WHERE removed = 0 AND used_ms < ? ORDER BY used_ms LIMIT ?`,
    remove: `UPDATE ${session} SET removed = 1 WHERE session_key = ? AND removed = 0 AND used_ms < ?`,
    dropAllUpdates: 'DELETE FROM mooring_document_update WHERE session_key = ?',
    dropAllSnapshots: 'DELETE FROM mooring_document_snapshot WHERE session_key = ?',
  };
}
