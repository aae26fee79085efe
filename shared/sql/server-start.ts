/** When a database server began to run, by its own clock: another time is another server, or the same one started again. */
import { databaseNowMs } from './sql-driver.ts';
import type { SqlDialect, SqlRunner } from './sql-driver.ts';

/** MySQL tells whole seconds. */
const slackMs = 2_500;

export async function readServerStart(sql: SqlRunner, dialect: SqlDialect): Promise<number> {
  if (dialect === 'postgres') {
    const start = 'CAST(floor(extract(epoch FROM pg_postmaster_start_time()) * 1000) AS bigint)';
    const { rows } = await sql.run(`SELECT ${start} AS started_at`);
    return rows[0]!['started_at'] as number;
  }
  const status = await sql.run("SHOW GLOBAL STATUS LIKE 'Uptime'");
  const { rows } = await sql.run(`SELECT ${databaseNowMs.mysql} AS now_ms`);
  return (rows[0]!['now_ms'] as number) - Number(status.rows[0]!['Value']) * 1_000;
}

/** Whether two readings are of the same run of a server. */
export function isSameRun(startedAtMs: number, otherMs: number | undefined): boolean {
  return otherMs !== undefined && Math.abs(startedAtMs - otherMs) < slackMs;
}
