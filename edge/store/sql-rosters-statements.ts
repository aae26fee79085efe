/** The roster store's statements in both dialects: what differs between MySQL and PostgreSQL stands here and nowhere else. */
import { isOneOf } from '#shared/sql/row-list.ts';
import type { SqlDialect } from '#shared/sql/sql-driver.ts';
import { claimStatement } from './claim-statement.ts';
import { runningClock } from './sql-running-clock.ts';

export type RosterStatements = ReturnType<typeof rosterStatements>;

const mine = 'session_key = ? AND epoch = ?';

export function rosterStatements(dialect: SqlDialect) {
  const clock = runningClock(dialect, 'mooring_roster_clock');
  const end = `INTO mooring_roster_end (session_key, birth, ended_ms) VALUES (?, ?, ${clock.now})`;
  return {
    tick: clock.tick,
    now: `SELECT ${clock.now} AS now_ms`,
    claim: claimStatement(dialect, {
      table: 'mooring_roster',
      columns: { used_ms: clock.now },
      renewed: ['used_ms'],
    }),
    roster: 'SELECT epoch, birth, bytes, requests FROM mooring_roster WHERE session_key = ?',
    ends: 'SELECT birth FROM mooring_roster_end WHERE session_key = ? ORDER BY birth',
    save: `UPDATE mooring_roster SET birth = ?, bytes = ?, used_ms = ${clock.now} WHERE ${mine}`,
    saveRequests: `UPDATE mooring_roster SET requests = ? WHERE ${mine}`,
    lockMine: `SELECT birth FROM mooring_roster WHERE ${mine} FOR UPDATE`,
    clear: `UPDATE mooring_roster SET birth = NULL, bytes = NULL, requests = NULL, used_ms = ${clock.now}
      WHERE ${mine}`,
    putEnd: dialect === 'mysql' ? `INSERT IGNORE ${end}` : `INSERT ${end} ON CONFLICT DO NOTHING`,
    use: (sessions: number) => `UPDATE mooring_roster SET used_ms = ?
        WHERE ${isOneOf(['session_key', 'epoch'], sessions)}`,
    unused: 'SELECT session_key FROM mooring_roster WHERE used_ms < ? ORDER BY used_ms LIMIT ?',
    removeRoster: 'DELETE FROM mooring_roster WHERE session_key = ? AND used_ms < ?',
    oldEnds: 'SELECT session_key, birth FROM mooring_roster_end WHERE ended_ms < ? ORDER BY ended_ms LIMIT ?',
    removeEnd: 'DELETE FROM mooring_roster_end WHERE session_key = ? AND birth = ?',
  };
}
