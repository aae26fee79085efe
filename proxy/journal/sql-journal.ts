/** The journal on MySQL, MariaDB or PostgreSQL, for any number of front doors: what two of them bring is kept once. */
import type { DatabaseSettings } from '#shared/sql/database-settings.ts';
import { openSql } from '#shared/sql/open-sql.ts';
import type { SqlResult } from '#shared/sql/sql-driver.ts';
import { journalSchema } from './journal-schema.ts';
import { entryOf, insertStatements, listStatement, removeStatement, usageOf } from './journal-statements.ts';
import type { Statement } from './journal-statements.ts';
import type { JournalStore } from './journal-store.ts';

/** Somebody waits for a page now and then, and for the courier nobody does. */
const connectionsMax = 2;

/** Opens the database and brings its tables up to date; rejects with the reason. */
export async function openSqlJournal(settings: DatabaseSettings): Promise<JournalStore> {
  const sql = await openSql({
    settings,
    schema: journalSchema,
    failureCode: 'journal-unavailable',
    connectionsMax,
  });
  const { dialect } = sql;
  const run = async ({ text, values }: Statement): Promise<SqlResult> => await sql.run(text, values);
  return {
    append: async (records) => {
      const statements = insertStatements(dialect, records);
      return await sql.transaction(async (runner) => {
        let added = 0;
        for (const { text, values } of statements) added += (await runner.run(text, values)).changes;
        return added;
      });
    },
    listEntries: async (query) => (await run(listStatement('entry', query))).rows.map(entryOf),
    listUsage: async (query) => (await run(listStatement('usage', query))).rows.map(usageOf),
    removeOld: async ({ auditKeepMs, usageKeepMs, limit }) => {
      const entries = await run(removeStatement(dialect, 'entry', { keepMs: auditKeepMs, limit }));
      const usage = await run(removeStatement(dialect, 'usage', { keepMs: usageKeepMs, limit }));
      return entries.changes + usage.changes;
    },
    close: async () => await sql.close(),
  };
}
