/** The journal on MySQL, MariaDB or PostgreSQL, for any number of front doors: what two of them bring is kept once. */
import type { DatabaseSettings } from '#shared/sql/database-settings.ts';
import { openSql } from '#shared/sql/open-sql.ts';
import type { SqlResult } from '#shared/sql/sql-driver.ts';
import { endSessions } from '../history/history-steps.ts';
import { journalSchema } from './journal-schema.ts';
import { entryOf, listStatement, usageOf } from './journal-statements.ts';
import {
  append,
  historyCounts,
  historyDays,
  historyPresent,
  historyUsers,
  removeOld,
} from './journal-steps.ts';
import type { JournalStore } from './journal-store.ts';
import { runSteps } from './statement.ts';
import type { Statement, Steps } from './statement.ts';

/** Somebody waits for a page now and then, and for the courier nobody does. */
const connectionsMax = 2;

/** Opens the database and brings its tables up to date; rejects with the reason. */
export async function openSqlJournal(settings: DatabaseSettings, timeZone: string): Promise<JournalStore> {
  const sql = await openSql({
    settings,
    schema: journalSchema,
    failureCode: 'journal-unavailable',
    connectionsMax,
  });
  const { dialect } = sql;
  const run = async ({ text, values }: Statement): Promise<SqlResult> => await sql.run(text, values);
  const change = async <T>(steps: () => Steps<T>): Promise<T> =>
    await sql.transaction(async (runner) => await runSteps(steps(), runner));
  return {
    append: async (records) => await change(() => append(dialect, records, timeZone)),
    listEntries: async (query) => (await run(listStatement('entry', query))).rows.map(entryOf),
    listUsage: async (query) => (await run(listStatement('usage', query))).rows.map(usageOf),
    removeOld: async (rule) => await change(() => removeOld(dialect, rule, timeZone)),
    historyDays: async (fromDay) => await runSteps(historyDays(fromDay), sql),
    historyCounts: async (query) => await runSteps(historyCounts(dialect, query), sql),
    endSessions: async (keys) =>
      await change(() => endSessions(dialect, keys, { timeZone, nowMs: Date.now() })),
    historyPresent: async () => await runSteps(historyPresent(dialect), sql),
    historyUsers: async (sinceMs) => await runSteps(historyUsers(sinceMs), sql),
    close: async () => await sql.close(),
  };
}
