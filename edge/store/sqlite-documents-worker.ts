/**
 * The document store's thread: runs `sqlite-documents-operations.ts` on one SQLite file. Each call is inside the
 * transaction of its batch, so that fence and write are one step beside other edges.
 */
import { workerData } from 'node:worker_threads';
import { openDatabase, serveThread } from '#shared/sqlite/serve.ts';
import { createDocumentOperations } from './sqlite-documents-operations.ts';
import { migrateDocuments } from './sqlite-documents-schema.ts';

const { path } = workerData as { path: string };
// What members were told is kept must outlast a power cut.
const database = openDatabase(path, { durable: true });
migrateDocuments(database);
serveThread(database, createDocumentOperations(database, Date.now));
