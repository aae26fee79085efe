/** The directory in one SQLite file: the calls of `Directory`, carried to the thread of `sqlite-worker.ts`. */
import { fileURLToPath } from 'node:url';
import { openSqliteThread } from '#shared/sqlite/thread.ts';
import type { SqliteThread } from '#shared/sqlite/thread.ts';
import type { Directory } from './directory.ts';
import type { DirectoryOperations } from './sqlite-worker.ts';

const waitingMax = 50_000;
const callDeadlineMs = 5_000;

/** Opens or creates the file; rejects with the reason, such as a schema newer than this program knows. */
export async function openSqliteDirectory(path: string): Promise<Directory> {
  const thread: SqliteThread<DirectoryOperations> = await openSqliteThread({
    module: new URL('./sqlite-worker.ts', import.meta.url),
    workerData: { path: path.startsWith('file:') ? fileURLToPath(path) : path },
    waitingMax,
    deadlineMs: callDeadlineMs,
    failureCode: 'directory-unavailable',
  });
  return {
    registerEdge: (registration) => thread.call('registerEdge', registration),
    restoreEdge: (registration, incarnation) => thread.call('restoreEdge', { registration, incarnation }),
    renewLease: (edge) => thread.call('renewLease', edge),
    attend: () => thread.call('attend', undefined),
    extendLeases: () => thread.call('extendLeases', undefined),
    markDraining: (edge) => thread.call('markDraining', edge),
    markUp: (edge) => thread.call('markUp', edge),
    markGone: (edge) => thread.call('markGone', edge),
    isOver: (edge) => thread.call('isOver', edge),
    findPin: (key) => thread.call('findPin', key),
    insertPin: (key, target) => thread.call('insertPin', { key, target }),
    storePins: (asked) => thread.call('storePins', asked),
    movePin: (key, seen, target) => thread.call('movePin', { key, seen, target }),
    reserveEpochs: () => thread.call('reserveEpochs', undefined),
    handOverPin: (handover) => thread.call('handOverPin', handover),
    restorePin: (claim) => thread.call('restorePin', claim),
    restorePins: (claims) => thread.call('restorePins', claims),
    listLivePins: (owner, after, limit) => thread.call('listLivePins', { owner, after, limit }),
    markPins: (marks, state) => thread.call('markPins', { marks, state }),
    removeIdlePins: (idleForMs, limit) => thread.call('removeIdlePins', { idleForMs, limit }),
    removePin: (key, seen) => thread.call('removePin', { key, seen }),
    listEdges: () => thread.call('listEdges', undefined),
    listPins: (limit) => thread.call('listPins', limit),
    countPins: () => thread.call('countPins', undefined),
    countPinsByEdge: () => thread.call('countPinsByEdge', undefined),
    readFleetSetting: (name) => thread.call('readFleetSetting', name),
    writeFleetSetting: (name, value, seen) => thread.call('writeFleetSetting', { name, value, seen }),
    close: () => thread.close(),
  };
}
