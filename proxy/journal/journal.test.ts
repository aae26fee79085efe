/** The journal in a file and on real database servers: one suite, and the way from one to the other. */
import { test } from 'node:test';
import { join } from 'node:path';
import fc from 'fast-check';
import { RecordMaker } from '../../test/support/journal-records.ts';
import { carryAround, filePlace, serverPlace } from '../../test/support/portable-trip.ts';
import type { StoreContent } from '../../test/support/portable-trip.ts';
import { sqlProducts } from '../../test/support/sql/sql-product.ts';
import { testJournal } from './journal-conformance.ts';
import type { JournalScene } from './journal-conformance.ts';
import { historyColumns, historyKeys, historyTableNames } from '../history/history-schema.ts';
import type { HistoryTable } from '../history/history-schema.ts';
import { portableJournal } from './portable-journal.ts';
import { openSqlJournal } from './sql-journal.ts';
import { openSqliteJournal } from './sqlite-journal.ts';

const newMaker = (): RecordMaker => new RecordMaker();

const openFile: JournalScene['open'] = async (t) => {
  const { dataDir } = filePlace(t);
  return await Promise.resolve(async () => await openSqliteJournal(join(dataDir, 'journal.sqlite'), 'UTC'));
};
testJournal('sqlite', { open: openFile, newMaker });

for (const product of sqlProducts) {
  const open: JournalScene['open'] = async (t) => {
    const { database } = await serverPlace(t, product);
    return async () => await openSqlJournal(database!, 'UTC');
  };
  testJournal(product, { open, newMaker });
}

function historyOf(table: HistoryTable): fc.Arbitrary<readonly Record<string, string | number>[]> {
  const columns = historyColumns[table].map((column) => [column, historyValue(column)] as const);
  const row = fc.record(Object.fromEntries(columns));
  const key = (each: Record<string, string | number>): string =>
    historyKeys[table].map((column) => each[column]).join('\n');
  return fc.uniqueArray(row, { selector: key, maxLength: 30 });
}

/** Texts of the history are short ones of printable letters. */
function historyValue(column: string): fc.Arbitrary<string | number> {
  if (column === 'lag_sum') return fc.integer({ min: 0, max: 2 ** 40 }).map((halves) => halves / 2);
  if (column === 'state') return fc.constantFrom('open', 'waiting', 'ended');
  const isText = ['day', 'what', 'client', 'version', 'person', 'key_hash', 'boot_id'].includes(column);
  return isText ? fc.stringMatching(/^[!-~]{1,10}$/) : count;
}

const count = fc.integer({ min: 0, max: 2 ** 52 });
const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const identity = {
  id: fc.integer({ min: 1, max: 2 ** 40 }),
  stored_ms: count,
  boot_id: fc.uuid(),
  sequence: count,
  origin: text,
  incarnation: count,
  at_ms: count,
};
const content: fc.Arbitrary<StoreContent> = fc.record({
  ...Object.fromEntries(
    (Object.keys(historyTableNames) as HistoryTable[]).map((table) => [`history ${table}`, historyOf(table)]),
  ),
  entry: fc.uniqueArray(
    fc.record({
      ...identity,
      event: fc.constantFrom('member.joined', 'edge.lost'),
      key_hash: fc.stringMatching(/^[0-9a-f]{0,20}$/),
      user_id: text,
      subject: text,
      client: text,
      detail: text,
    }),
    { selector: ({ id }) => id, minLength: 1_001, maxLength: 1_100, size: 'max' },
  ),
  usage: fc.uniqueArray(
    fc.record({
      ...identity,
      users: count,
      sessions: count,
      connections: count,
      messages: count,
      bytes: count,
      lag_ms: fc.integer({ min: 0, max: 2 ** 40 }).map((thousandths) => thousandths / 1_000),
      rss_bytes: count,
    }),
    { selector: ({ id }) => id, maxLength: 50 },
  ),
});

void test('records are the same after SQLite, MariaDB, PostgreSQL and SQLite', async (t) => {
  await carryAround(t, portableJournal, content);
});
