/** The journal's thread: its statements on one SQLite file. Each call runs inside the transaction of its batch. */
import type Database from 'better-sqlite3';
import { workerData } from 'node:worker_threads';
import type { JournalRecord } from '#shared/journal/journal-record.ts';
import { openDatabase, serveThread } from '#shared/sqlite/serve.ts';
import type { EndedSession } from '../history/history.ts';
import { endSessions } from '../history/history-steps.ts';
import { migrateJournal } from './journal-schema.ts';
import { entryOf, listStatement, usageOf } from './journal-statements.ts';
import {
  append,
  historyCounts,
  historyDays,
  historyPresent,
  historyUsers,
  removeOld,
} from './journal-steps.ts';
import type {
  Appended,
  CountQuery,
  JournalQuery,
  KeepRule,
  Removed,
  StoredCount,
  StoredDay,
  StoredEntry,
  StoredUsage,
} from './journal-store.ts';
import { runStepsAtOnce } from './statement.ts';
import type { Statement, StepResult } from './statement.ts';

const { path, timeZone } = workerData as { path: string; timeZone: string };
// An entry is forgotten by whoever brought it once it is here.
const database = openDatabase(path, { durable: true });
migrateJournal(database);
const prepared = new Map<string, Database.Statement>();
/** Batches have as many texts as they have lengths. */
const preparedMax = 500;

const operations = {
  append: (records: readonly JournalRecord[]): Appended =>
    runStepsAtOnce(append('sqlite', records, timeZone), run),
  listEntries: (query: JournalQuery): StoredEntry[] => run(listStatement('entry', query)).rows.map(entryOf),
  listUsage: (query: JournalQuery): StoredUsage[] => run(listStatement('usage', query)).rows.map(usageOf),
  removeOld: (rule: KeepRule): Removed => runStepsAtOnce(removeOld('sqlite', rule, timeZone), run),
  historyDays: (fromDay: string): readonly StoredDay[] => runStepsAtOnce(historyDays(fromDay), run),
  historyCounts: (query: CountQuery): readonly StoredCount[] =>
    runStepsAtOnce(historyCounts('sqlite', query), run),
  endSessions: (keys: readonly string[]): readonly EndedSession[] =>
    runStepsAtOnce(endSessions('sqlite', keys, { timeZone, nowMs: Date.now() }), run),
  historyPresent: (): number => runStepsAtOnce(historyPresent('sqlite'), run),
  historyUsers: (sinceMs: number): number => runStepsAtOnce(historyUsers(sinceMs), run),
};

export type JournalOperations = typeof operations;

function run({ text, values }: Statement): StepResult {
  const statement = prepare(text);
  if (!statement.reader) return { rows: [], changes: statement.run(...values).changes };
  return { rows: statement.all(...values) as StepResult['rows'], changes: 0 };
}

function prepare(text: string): Database.Statement {
  const known = prepared.get(text);
  if (known !== undefined) return known;
  if (prepared.size >= preparedMax) prepared.clear();
  const made = database.prepare(text);
  prepared.set(text, made);
  return made;
}

serveThread(database, operations);
