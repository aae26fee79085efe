/**
 * The directory's clock on a database server: the server's own clock, kept from running backwards, and judged only while
 * a front door is there. A little after somebody last attended it stands still until somebody does again, and who was in
 * his right then has a whole lease anew; so neither an outage of the store nor a jump of its clock is an edge's fault.
 */
import { databaseNowMs } from '#shared/sql/sql-driver.ts';
import type { SqlDialect, SqlRunner } from '#shared/sql/sql-driver.ts';
import { timing } from '#shared/timing.ts';

/** So long it runs without attendance. Edges renew more often than leases last, by more than this. */
const runsOnMs = 2 * timing.attendIntervalMs;

/** Milliseconds of the directory's clock, as an expression. */
export function directoryNow(dialect: SqlDialect): string {
  return `(SELECT LEAST(GREATEST(raw_ms, seen_ms), seen_ms + ${runsOnMs})
     FROM (SELECT seen_ms, offset_ms + ${databaseNowMs[dialect]} AS raw_ms FROM mooring_clock) AS clock)`;
}

/** Reads the clock after what came before in the transaction has its locks. */
export async function readClock(sql: SqlRunner, dialect: SqlDialect): Promise<number> {
  const { rows } = await sql.run(`SELECT ${directoryNow(dialect)} AS now_ms`);
  return rows[0]!['now_ms'] as number;
}

/**
 * Notes that a front door is there. After a time without any, or where `always` is set, every lease that ran when one was
 * last there counts from now.
 */
export async function attend(sql: SqlRunner, dialect: SqlDialect, always: boolean): Promise<void> {
  const { rows } = await sql.run('SELECT seen_ms, offset_ms FROM mooring_clock WHERE id = 1 FOR UPDATE');
  const { seen_ms: seen, offset_ms: offset } = rows[0] as { seen_ms: number; offset_ms: number };
  const raw = await readDatabaseClock(sql, dialect);
  // Back in time: from here on it runs as much ahead of the server's.
  const offsetNow = Math.max(offset, seen - raw);
  const now = raw + offsetNow;
  const wasAway = now - seen > timing.unattendedAfterMs;
  if (always || wasAway) {
    const until = now + timing.leaseMs;
    // Who was over already stays over.
    const asOf = wasAway ? seen + runsOnMs : now;
    await sql.run(
      "UPDATE mooring_edge SET lease_until = ? WHERE state <> 'gone' AND lease_until > ? AND lease_until < ?",
      [until, asOf, until],
    );
  }
  await sql.run('UPDATE mooring_clock SET seen_ms = ?, offset_ms = ? WHERE id = 1', [now, offsetNow]);
}

/** No later reading shows less than this. */
export async function noteClock(sql: SqlRunner, nowMs: number): Promise<void> {
  await sql.run('UPDATE mooring_clock SET seen_ms = ? WHERE id = 1 AND seen_ms < ?', [nowMs, nowMs]);
}

async function readDatabaseClock(sql: SqlRunner, dialect: SqlDialect): Promise<number> {
  const { rows } = await sql.run(`SELECT ${databaseNowMs[dialect]} AS now_ms`);
  return rows[0]!['now_ms'] as number;
}
