/**
 * Milliseconds for which edges have been there to ask, kept in the store itself: what stood still meanwhile has not aged, and a
 * jump of the host's clock ages nothing.
 */
import type Database from 'better-sqlite3';

/** Edges ask every ten minutes; what is missing beyond this was no running time. */
export const runningStepMaxMs = 1_200_000;

/** `table` has one row with `running_ms` and `wall_ms`; `wallMs` is the host's clock. */
export function prepareRunningClock(
  database: Database.Database,
  table: 'document_clock' | 'roster_clock',
  wallMs: () => number,
): () => number {
  const tick = database.prepare(
    `UPDATE ${table}
        SET running_ms = running_ms + max(0, min(:now - wall_ms, :stepMax)), wall_ms = :now RETURNING running_ms`,
  );
  return () => (tick.get({ now: wallMs(), stepMax: runningStepMaxMs }) as { running_ms: number }).running_ms;
}
