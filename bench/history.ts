/** How long the questions of a dashboard take when many sessions have been, on each store, and what it costs to keep them. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { JournalEntry, JournalRecord } from '#shared/journal/journal-record.ts';
import { askHistory } from '../proxy/history/ask-history.ts';
import type { HistoryAsker } from '../proxy/history/history.ts';
import type { JournalStore } from '../proxy/journal/journal-store.ts';
import { openSqlJournal } from '../proxy/journal/sql-journal.ts';
import { openSqliteJournal } from '../proxy/journal/sqlite-journal.ts';
import { RecordMaker } from '../test/support/journal-records.ts';
import { judge } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { openBenchStore, storeNames } from './store/bench-stores.ts';
import type { StoreName } from './store/bench-stores.ts';
import { formatFigure, formatTable } from './table.ts';

interface Row {
  readonly store: StoreName;
  readonly recordsPerSecond: number;
  /** Milliseconds, slowest of several. */
  readonly questions: Readonly<Record<string, number>>;
}

const bar = { atMost: 200 };
const daysOfHistory = 365;
const dayMs = 86_400_000;
const people = 2_000;
const batchRecords = 200;
const triesPerQuestion = 5;
const sessionsPerDownload = 50;
const timeZone = 'Europe/Berlin';

export async function runHistory({ isShort, folder }: RunOptions): Promise<Outcome> {
  const sessions = isShort ? 5_000 : 100_000;
  const rows: Row[] = [];
  for (const store of storeNames) {
    console.log(`history: ${store}, ${sessions} sessions in ${daysOfHistory} days`);
    rows.push(await measure(store, sessions, folder));
  }
  const names = Object.keys(rows[0]!.questions);
  return {
    benchmark: 'history',
    text: formatTable([
      ['store', 'records/s', ...names.map((name) => `${name} ms`)],
      ...rows.map(({ store, recordsPerSecond, questions }) => [
        store,
        formatFigure(recordsPerSecond, 0),
        ...names.map((name) => formatFigure(questions[name]!, 1)),
      ]),
    ]),
    figures: rows,
    verdicts: rows.map(({ store, questions }) =>
      judge('history', `${store}-slowest-question-ms`, Math.max(...Object.values(questions)), bar),
    ),
    failures: {},
  };
}

async function measure(name: StoreName, sessions: number, folder: string): Promise<Row> {
  const { store, close } = await openJournal(name, folder);
  try {
    const seconds = await fill(store, sessions);
    const ask = askHistory(store, timeZone, Date.now);
    await checkTotals(ask, sessions);
    const questions: Record<string, () => Promise<unknown>> = {
      summary: async () => await ask.summary(30),
      'days 30': async () => await ask.days(30),
      'days 365': async () => await ask.days(daysOfHistory),
      'clients 365': async () => await ask.clients(daysOfHistory),
      'downloads 365': async () => await ask.downloads(daysOfHistory),
      activity: async () =>
        await store.listEntries({ events: ['session.created', 'session.ended', 'edge.lost'], limit: 50 }),
      audit: async () => await store.listEntries({ key: 'session-17', limit: 100 }),
    };
    const figures: Record<string, number> = {};
    for (const [question, pose] of Object.entries(questions)) figures[question] = await slowestOf(pose);
    return { store: name, recordsPerSecond: (sessions * recordsPerSession) / seconds, questions: figures };
  } finally {
    await store.close();
    await close();
  }
}

async function openJournal(
  name: StoreName,
  folder: string,
): Promise<{ store: JournalStore; close: () => Promise<void> }> {
  const { place, close } = await openBenchStore(name, folder);
  const store =
    'path' in place
      ? await openSqliteJournal(join(folder, 'journal.sqlite'), timeZone)
      : await openSqlJournal(place.database, timeZone);
  return { store, close };
}

/** What was told is there, whole, before it matters how fast. */
async function checkTotals(ask: HistoryAsker, sessions: number): Promise<void> {
  const days = await ask.days(daysOfHistory);
  const told = {
    sessions: days.reduce((sum, day) => sum + day.sessions, 0),
    ended: days.reduce((sum, day) => sum + day.ended, 0),
    downloads: days.reduce((sum, day) => sum + day.downloads, 0),
  };
  assert.deepEqual(told, {
    sessions,
    ended: sessions,
    downloads: Math.ceil(sessions / sessionsPerDownload),
  });
}

async function slowestOf(pose: () => Promise<unknown>): Promise<number> {
  let slowest = 0;
  for (let i = 0; i < triesPerQuestion; i++) {
    const before = performance.now();
    await pose();
    slowest = Math.max(slowest, performance.now() - before);
  }
  return slowest;
}

const recordsPerSession = 6;
const clients = ['OCT_CODE_Visual_Studio Code@0.3.', 'OCT_CODE_VSCodium@0.3.', 'Theia IDE', 'unknown'];

/** As edges tell them, spread over the days; gives the seconds that it took. */
async function fill(store: JournalStore, sessions: number): Promise<number> {
  const maker = new RecordMaker();
  const startMs = Date.now() - (daysOfHistory - 1) * dayMs;
  const stepMs = ((daysOfHistory - 2) * dayMs) / sessions;
  let batch: JournalRecord[] = [];
  const before = performance.now();
  for (let i = 0; i < sessions; i++) {
    batch.push(...sessionRecords(maker, i, startMs + i * stepMs));
    if (i % sessionsPerDownload === 0)
      batch.push(maker.download('vscode', `5.${i % 9}.0`, 1, startMs + i * stepMs));
    if (batch.length < batchRecords) continue;
    await store.append(batch);
    batch = [];
  }
  await store.append(batch);
  return (performance.now() - before) / 1_000;
}

function sessionRecords(maker: RecordMaker, i: number, atMs: number): JournalEntry[] {
  const told = clients[i % clients.length]!;
  const client = told.endsWith('.') ? `${told}${i % 7}` : told;
  const about = (
    event: JournalEntry['event'],
    minutes: number,
    changes: Partial<JournalEntry>,
  ): JournalEntry =>
    maker.entry({
      key: `session-${i}`,
      event,
      atMs: Math.round(atMs + minutes * 60_000),
      client,
      ...changes,
    });
  const person = `person-${i % people}`;
  return [
    about('session.created', 0, { detail: '' }),
    about('member.joined', 0, { person, detail: 'host' }),
    about('member.joined', 1, { person: `person-${(i * 7) % people}`, detail: 'guest' }),
    about('member.joined', 2, { person: `person-${(i * 31) % people}`, detail: 'guest' }),
    about('member.left', 30, { person, detail: 'left' }),
    about('session.ended', 31, { detail: 'reason host-left, adapter oct' }),
  ];
}
