/**
 * Milliseconds for which edges have been there to ask, on the clock of the database, whatever those of the edges say: as
 * `running-clock.ts`, for tables that edges of several hosts share.
 */
import { databaseNowMs } from '#shared/sql/sql-driver.ts';
import type { SqlDialect } from '#shared/sql/sql-driver.ts';
import { runningStepMaxMs } from './running-clock.ts';

export interface RunningClock {
  /** The time, as an expression; reads without holding anybody up. */
  readonly now: string;
  /** Statement that notes that somebody is there; before it, time that nobody notes is lost beyond one step. */
  readonly tick: string;
}

/** `table` has one row with `running_ms` and `wall_ms`. */
export function runningClock(
  dialect: SqlDialect,
  table: 'mooring_document_clock' | 'mooring_roster_clock',
): RunningClock {
  const wall = databaseNowMs[dialect];
  const passed = `GREATEST(0, LEAST(${wall} - wall_ms, ${runningStepMaxMs}))`;
  return {
    now: `(SELECT running_ms + ${passed} FROM ${table})`,
    // MySQL assigns from left to right, and the second value is that of before only for the first.
    tick: `UPDATE ${table} SET running_ms = running_ms + ${passed}, wall_ms = ${wall} WHERE id = 1`,
  };
}
