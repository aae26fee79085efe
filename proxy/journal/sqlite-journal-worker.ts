/** The journal's thread: its statements on one SQLite file. Each call runs inside the transaction of its batch. */
import type Database from 'better-sqlite3';
import { workerData } from 'node:worker_threads';
import type { JournalRecord } from '#shared/journal/journal-record.ts';
import { openDatabase, serveThread } from '#shared/sqlite/serve.ts';
import { migrateJournal } from './journal-schema.ts';
import { entryOf, insertStatements, listStatement, removeStatement, usageOf } from './journal-statements.ts';
import type { Statement } from './journal-statements.ts';
import type { JournalQuery, KeepRule, StoredEntry, StoredUsage } from './journal-store.ts';

const { path } = workerData as { path: string };
// An entry is forgotten by whoever brought it once it is here.
const database = openDatabase(path, { durable: true });
migrateJournal(database);
const prepared = new Map<string, Database.Statement>();
/** Batches have as many texts as they have lengths. */
const preparedMax = 500;

const operations = {
  append(records: readonly JournalRecord[]): number {
    return runAll(insertStatements('sqlite', records));
  },
  listEntries: (query: JournalQuery): StoredEntry[] => list('entry', query).map(entryOf),
  listUsage: (query: JournalQuery): StoredUsage[] => list('usage', query).map(usageOf),
  removeOld({ auditKeepMs, usageKeepMs, limit }: KeepRule): number {
    const entries = removeStatement('sqlite', 'entry', { keepMs: auditKeepMs, limit });
    const usage = removeStatement('sqlite', 'usage', { keepMs: usageKeepMs, limit });
    return runAll([entries, usage]);
  },
};

export type JournalOperations = typeof operations;

/** Gives how many rows they changed. */
function runAll(statements: readonly Statement[]): number {
  return statements.reduce((sum, each) => sum + prepare(each).run(...each.values).changes, 0);
}

function list(name: 'entry' | 'usage', query: JournalQuery): Readonly<Record<string, unknown>>[] {
  const statement = listStatement(name, query);
  return prepare(statement).all(...statement.values) as Readonly<Record<string, unknown>>[];
}

function prepare({ text }: Statement): Database.Statement {
  const known = prepared.get(text);
  if (known !== undefined) return known;
  if (prepared.size >= preparedMax) prepared.clear();
  const made = database.prepare(text);
  prepared.set(text, made);
  return made;
}

serveThread(database, operations);
