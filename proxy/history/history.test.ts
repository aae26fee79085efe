/** The history in a file and on real database servers: one suite; and how clients are known by what they say. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { RecordMaker } from '../../test/support/journal-records.ts';
import { filePlace, serverPlace } from '../../test/support/portable-trip.ts';
import { sqlProducts } from '../../test/support/sql/sql-product.ts';
import { openSqlJournal } from '../journal/sql-journal.ts';
import { openSqliteJournal } from '../journal/sqlite-journal.ts';
import { readClientName } from '#shared/client-name.ts';
import { beginOf, dayOf, lastDays } from './day.ts';
import { testHistory } from './history-conformance.ts';

const newTeller = (): RecordMaker => new RecordMaker();

testHistory('sqlite', {
  open: async (t) => {
    const { dataDir } = filePlace(t);
    return await Promise.resolve(
      async (timeZone: string) => await openSqliteJournal(join(dataDir, 'journal.sqlite'), timeZone),
    );
  },
  newTeller,
});

for (const product of sqlProducts) {
  testHistory(product, {
    open: async (t) => {
      const { database } = await serverPlace(t, product);
      return async (timeZone) => await openSqlJournal(database!, timeZone);
    },
    newTeller,
  });
}

test('clients are known by what they say of themselves', () => {
  const safari =
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Safari/605.1.15';
  const edge =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.2849.46';
  const cases = [
    ['OCT_CODE_Visual_Studio Code@0.3.1', 'Visual Studio Code', '0.3.1'],
    ['OCT_CODE_VSCodium@0.2.0', 'VSCodium', '0.2.0'],
    ['OCT_CODE_code-server', 'code-server', ''],
    ['Theia IDE', 'Theia IDE', ''],
    ['Unknown OCT JS Client', 'unidentified', ''],
    ['unknown', 'unidentified', ''],
    ['', 'unidentified', ''],
    ['\u0007  ', '?', ''],
    [safari, 'Safari', '17'],
    [edge, 'Edge', '130'],
    ['Mozilla/5.0 (X11) Gecko/20100101 Firefox/133.0', 'Firefox', '133'],
    ['Mozilla/5.0 (X11) AppleWebKit/537.36 HeadlessChrome/131.0.0.0 Safari/537.36', 'Chrome', '131'],
    ['Mozilla/4.0 (compatible)', 'Browser', ''],
    ['my-editor/3.2.1 (linux)', 'my-editor', '3.2.1'],
    ['x'.repeat(300), 'x'.repeat(64), ''],
  ] as const;
  for (const [told, client, version] of cases) assert.deepEqual(readClientName(told), { client, version });
});

test('a day has the hours that its time zone gives it', () => {
  const moment = Date.parse('2026-03-29T00:30:00Z');
  assert.equal(dayOf(moment, 'UTC'), '2026-03-29');
  assert.equal(dayOf(moment, 'America/New_York'), '2026-03-28');
  assert.deepEqual(lastDays(moment, 3, 'Europe/Berlin'), ['2026-03-27', '2026-03-28', '2026-03-29']);
  assert.deepEqual(lastDays(Date.parse('2026-03-01T12:00:00Z'), 2, 'UTC'), ['2026-02-28', '2026-03-01']);
});

test('a day begins with the first moment that its time zone has of it', () => {
  const cases = [
    ['2026-11-28', 'UTC', '2026-11-28T00:00:00.000Z'],
    ['2026-11-28', 'Pacific/Kiritimati', '2026-11-27T10:00:00.000Z'],
    ['2026-11-28', 'Etc/GMT+12', '2026-11-28T12:00:00.000Z'],
    // The days on which Berlin changes its clocks, and those after them.
    ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'],
    ['2026-03-30', 'Europe/Berlin', '2026-03-29T22:00:00.000Z'],
    ['2026-10-25', 'Europe/Berlin', '2026-10-24T22:00:00.000Z'],
    ['2026-10-26', 'Europe/Berlin', '2026-10-25T23:00:00.000Z'],
    // A day without a midnight, and one that there never was.
    ['2026-09-06', 'America/Santiago', '2026-09-06T04:00:00.000Z'],
    ['2011-12-30', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
  ] as const;
  for (const [day, timeZone, moment] of cases)
    assert.equal(new Date(beginOf(day, timeZone)).toISOString(), moment, `${day} in ${timeZone}`);
});
