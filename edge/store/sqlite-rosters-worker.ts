/**
 * The roster store's thread: runs `sqlite-rosters-operations.ts` on one SQLite file. Each call is inside the transaction
 * of its batch, so that fence and write are one step beside other edges.
 */
import { workerData } from 'node:worker_threads';
import { openDatabase, serveThread } from '#shared/sqlite/serve.ts';
import { createRosterOperations } from './sqlite-rosters-operations.ts';
import { migrateRosters } from './sqlite-rosters-schema.ts';

const { path } = workerData as { path: string };
// A ban, and the end of a session, must outlast a power cut.
const database = openDatabase(path, { durable: true });
migrateRosters(database);
serveThread(database, createRosterOperations(database, Date.now));
