/** The journal in one SQLite file: the calls of `JournalStore`, carried to `sqlite-journal-worker.ts`. */
import { openLastingThread } from '#shared/sqlite/lasting-thread.ts';
import { openSqliteThread } from '#shared/sqlite/thread.ts';
import type { JournalStore } from './journal-store.ts';
import type { JournalOperations } from './sqlite-journal-worker.ts';

const waitingMax = 1_000;
const callDeadlineMs = 5_000;

/** Opens or creates the file; rejects with the reason, such as a schema newer than this program knows. */
export async function openSqliteJournal(path: string, timeZone: string): Promise<JournalStore> {
  const thread = await openLastingThread<JournalOperations>({
    open: async () =>
      await openSqliteThread({
        module: new URL('./sqlite-journal-worker.ts', import.meta.url),
        workerData: { path, timeZone },
        waitingMax,
        deadlineMs: callDeadlineMs,
        failureCode: 'journal-unavailable',
      }),
    nowMs: () => performance.now(),
  });
  return {
    append: (records) => thread.call('append', records),
    listEntries: (query) => thread.call('listEntries', query),
    listUsage: (query) => thread.call('listUsage', query),
    removeOld: (rule) => thread.call('removeOld', rule),
    historyDays: (fromDay) => thread.call('historyDays', fromDay),
    historyCounts: (query) => thread.call('historyCounts', query),
    endSessions: (keys) => thread.call('endSessions', keys),
    historyPresent: () => thread.call('historyPresent', undefined),
    historyUsers: (sinceMs) => thread.call('historyUsers', sinceMs),
    close: () => thread.close(),
  };
}
