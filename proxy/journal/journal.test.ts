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
import { portableJournal } from './portable-journal.ts';
import { openSqlJournal } from './sql-journal.ts';
import { openSqliteJournal } from './sqlite-journal.ts';

const newMaker = (): RecordMaker => new RecordMaker();

const openFile: JournalScene['open'] = async (t) => {
  const { dataDir } = filePlace(t);
  return await Promise.resolve(async () => await openSqliteJournal(join(dataDir, 'journal.sqlite')));
};
testJournal('sqlite', { open: openFile, newMaker });

for (const product of sqlProducts) {
  const open: JournalScene['open'] = async (t) => {
    const { database } = await serverPlace(t, product);
    return async () => await openSqlJournal(database!);
  };
  testJournal(product, { open, newMaker });
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
