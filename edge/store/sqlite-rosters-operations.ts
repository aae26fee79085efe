/**
 * The operations of `RosterStore` as statements on one SQLite database. A write names its epoch in the statement itself,
 * and one that changes no row is fenced. Each is one step, if its caller runs it in a transaction.
 */
import type Database from 'better-sqlite3';
import type { Fenced, SessionRef } from './document-store.ts';
import type { RecalledKey, RosterRule, RosterWritten, StoredRoster } from './roster-store.ts';
import { prepareRunningClock } from './running-clock.ts';

const runningMs = '(SELECT running_ms FROM roster_clock)';
const fenced: Fenced = { kind: 'fenced' };
const written: RosterWritten = { kind: 'written' };

function prepareStatements(database: Database.Database) {
  const prepare = (statement: string): Database.Statement => database.prepare(statement);
  return {
    claim: prepare(
      `INSERT INTO roster (key, epoch, used_ms) VALUES (:key, :epoch, ${runningMs})
     ON CONFLICT (key) DO UPDATE SET epoch = excluded.epoch, used_ms = excluded.used_ms
       WHERE excluded.epoch >= roster.epoch`,
    ),
    roster: prepare('SELECT birth, bytes FROM roster WHERE key = ?'),
    requests: prepare('SELECT bytes FROM roster_requests WHERE key = ?'),
    ends: prepare('SELECT birth FROM roster_end WHERE key = ? ORDER BY birth'),
    save: prepare(
      `UPDATE roster SET birth = :birth, bytes = :bytes, used_ms = ${runningMs}
      WHERE key = :key AND epoch = :epoch`,
    ),
    isOwner: prepare('SELECT 1 FROM roster WHERE key = :key AND epoch = :epoch'),
    putRequests: prepare(
      `INSERT INTO roster_requests (key, bytes) SELECT key, :bytes FROM roster WHERE key = :key AND epoch = :epoch
     ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes`,
    ),
    dropRequests: prepare('DELETE FROM roster_requests WHERE key = ?'),
    clear: prepare(
      `UPDATE roster SET birth = NULL, bytes = NULL, used_ms = ${runningMs}
      WHERE key = :key AND epoch = :epoch AND birth = :birth`,
    ),
    putEnd: prepare(
      `INSERT INTO roster_end (key, birth, ended_ms) VALUES (:key, :birth, ${runningMs})
     ON CONFLICT (key, birth) DO NOTHING`,
    ),
    use: prepare('UPDATE roster SET used_ms = :now WHERE key = :key AND epoch = :epoch'),
    unused: prepare('SELECT key FROM roster WHERE used_ms < :before ORDER BY used_ms LIMIT :limit'),
    removeRoster: prepare('DELETE FROM roster WHERE key = ?'),
    removeEnds: prepare(
      `DELETE FROM roster_end WHERE (key, birth) IN
       (SELECT key, birth FROM roster_end WHERE ended_ms < :before ORDER BY ended_ms LIMIT :limit)`,
    ),
  };
}

export type RosterOperations = ReturnType<typeof createRosterOperations>;

/** `now` is the host's clock. */
export function createRosterOperations(database: Database.Database, now: () => number) {
  const sql = prepareStatements(database);
  const readClock = prepareRunningClock(database, 'roster_clock', now);
  return {
    claim(ref: SessionRef): RecalledKey | Fenced {
      readClock();
      if (sql.claim.run(ref).changes === 0) return fenced;
      const { birth, bytes } = sql.roster.get(ref.key) as { birth: number | null; bytes: Uint8Array | null };
      const requests = sql.requests.get(ref.key) as { bytes: Uint8Array } | undefined;
      const ends = sql.ends.all(ref.key) as { birth: number }[];
      return {
        kind: 'recalled',
        roster: birth === null || bytes === null ? undefined : { birth, bytes },
        requests: requests?.bytes,
        endedBirths: ends.map((end) => end.birth),
      };
    },
    save({ ref, roster }: { ref: SessionRef; roster: StoredRoster }): RosterWritten | Fenced {
      return sql.save.run({ ...ref, ...roster }).changes === 0 ? fenced : written;
    },
    saveRequests(input: { ref: SessionRef; bytes: Uint8Array | undefined }): RosterWritten | Fenced {
      const { ref, bytes } = input;
      if (bytes !== undefined) return sql.putRequests.run({ ...ref, bytes }).changes === 0 ? fenced : written;
      if (sql.isOwner.get(ref) === undefined) return fenced;
      sql.dropRequests.run(ref.key);
      return written;
    },
    end({ ref, birth }: { ref: SessionRef; birth: number }): RosterWritten | Fenced {
      readClock();
      if (sql.isOwner.get(ref) === undefined) return fenced;
      // A late end must not take the next session of the key with it.
      if (sql.clear.run({ ...ref, birth }).changes > 0) sql.dropRequests.run(ref.key);
      sql.putEnd.run({ key: ref.key, birth });
      return written;
    },
    removeExpired(input: { held: readonly SessionRef[]; rule: RosterRule }): number {
      const { held, rule } = input;
      const nowMs = readClock();
      for (const { key, epoch } of held) sql.use.run({ key, epoch, now: nowMs });
      const bounds = { before: nowMs - rule.keptForMs, limit: rule.limit };
      const rows = sql.unused.all(bounds) as { key: string }[];
      for (const { key } of rows) {
        sql.removeRoster.run(key);
        sql.dropRequests.run(key);
      }
      return rows.length + sql.removeEnds.run(bounds).changes;
    },
  };
}
