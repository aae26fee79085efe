/** The documents in one SQLite file, shared by the edges of a host: calls carried to `sqlite-documents-worker.ts`. */
import { fileURLToPath } from 'node:url';
import { toOwnBytes } from '#shared/sqlite/own-bytes.ts';
import { openSqliteThread } from '#shared/sqlite/thread.ts';
import type { SqliteThread } from '#shared/sqlite/thread.ts';
import type { DocumentStore } from './document-store.ts';
import type { DocumentOperations } from './sqlite-documents-operations.ts';

const waitingMax = 10_000;
const callDeadlineMs = 5_000;

/** Opens or creates the file; rejects with the reason, such as a schema newer than this program knows. */
export async function openSqliteDocuments(path: string): Promise<DocumentStore> {
  const thread: SqliteThread<DocumentOperations> = await openSqliteThread({
    module: new URL('./sqlite-documents-worker.ts', import.meta.url),
    workerData: { path: path.startsWith('file:') ? fileURLToPath(path) : path },
    waitingMax,
    deadlineMs: callDeadlineMs,
    failureCode: 'store-unavailable',
  });
  return {
    load: (ref) => thread.call('load', ref),
    append: (ref, updates) => thread.call('append', { ref, updates: updates.map(toOwnBytes) }),
    compact: (ref, { throughSeq, bytes }) =>
      thread.call('compact', { ref, snapshot: { throughSeq, bytes: toOwnBytes(bytes) } }),
    removeUnused: (held, rule) => thread.call('removeUnused', { held, rule }),
    close: () => thread.close(),
  };
}
