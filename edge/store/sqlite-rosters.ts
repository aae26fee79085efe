/** The rosters in one SQLite file, shared by the edges of a host: calls carried to `sqlite-rosters-worker.ts`. */
import { openLastingThread } from '#shared/sqlite/lasting-thread.ts';
import { toOwnBytes } from '#shared/sqlite/own-bytes.ts';
import { openSqliteThread } from '#shared/sqlite/thread.ts';
import type { RosterStore } from './roster-store.ts';
import type { RosterOperations } from './sqlite-rosters-operations.ts';

const waitingMax = 10_000;
/** Somebody waits for each call to be let in; clients give up after 30 s, and come back sooner where they are refused. */
const callDeadlineMs = 5_000;

/** Opens or creates the file; rejects with the reason, such as a schema newer than this program knows. */
export async function openSqliteRosters(path: string): Promise<RosterStore> {
  const thread = await openLastingThread<RosterOperations>({
    open: async () =>
      await openSqliteThread({
        module: new URL('./sqlite-rosters-worker.ts', import.meta.url),
        workerData: { path },
        waitingMax,
        deadlineMs: callDeadlineMs,
        failureCode: 'roster-unavailable',
      }),
    nowMs: () => performance.now(),
  });
  return {
    claim: (ref) => thread.call('claim', ref),
    save: (ref, { birth, bytes }) =>
      thread.call('save', { ref, roster: { birth, bytes: toOwnBytes(bytes) } }),
    saveRequests: (ref, bytes) =>
      thread.call('saveRequests', { ref, bytes: bytes === undefined ? bytes : toOwnBytes(bytes) }),
    end: (ref, birth) => thread.call('end', { ref, birth }),
    removeExpired: (held, rule) => thread.call('removeExpired', { held, rule }),
    close: () => thread.close(),
  };
}
