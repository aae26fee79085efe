/** Documents and rosters are carried between kinds of databases whole, whatever their sizes. */
import { test } from 'node:test';
import fc from 'fast-check';
import { carryAround } from '../../test/support/portable-trip.ts';
import type { StoreContent } from '../../test/support/portable-trip.ts';
import { portableDocuments } from './portable-documents.ts';
import { portableRosters } from './portable-rosters.ts';
import { partMaxBytes } from './update-parts.ts';

const key = fc.stringMatching(/^[A-Za-z0-9._~-]{1,30}$/);
const document = fc.stringMatching(/^[!-~]{1,30}$/);
const number = fc.integer({ min: 1, max: 2 ** 44 });
/** Now and then one that a server has in several parts. */
const bytes = fc.oneof(
  { weight: 60, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: partMaxBytes - 4, max: 2 * partMaxBytes + 1 })
      .map((length) => new Uint8Array(length).fill(length % 251)),
  },
);

const documents: fc.Arbitrary<StoreContent> = fc.record({
  session: fc.uniqueArray(
    fc.record({ key, epoch: number, removed: fc.constantFrom(0, 1), used_ms: number }),
    { selector: (row) => row.key, maxLength: 30, size: 'max' },
  ),
  update: fc.uniqueArray(fc.record({ key, document, seq: number, bytes }), {
    selector: (row) => `${row.key} ${row.document} ${row.seq}`,
    minLength: 101,
    maxLength: 250,
    size: 'max',
  }),
  snapshot: fc.uniqueArray(fc.record({ key, document, seq: number, bytes }), {
    selector: (row) => `${row.key} ${row.document}`,
    minLength: 5,
    maxLength: 40,
    size: 'max',
  }),
});

const rosters: fc.Arbitrary<StoreContent> = fc.record({
  roster: fc.uniqueArray(
    fc.record({
      key,
      epoch: number,
      birth: fc.option(number),
      bytes: fc.option(fc.uint8Array({ maxLength: 500 })),
      requests: fc.option(fc.uint8Array({ maxLength: 500 })),
      used_ms: number,
    }),
    { selector: (row) => row.key, minLength: 51, maxLength: 120, size: 'max' },
  ),
  end: fc.uniqueArray(fc.record({ key, birth: number, ended_ms: number }), {
    selector: (row) => `${row.key} ${row.birth}`,
    maxLength: 50,
  }),
});

void test('updates and snapshots are the same after SQLite, MariaDB, PostgreSQL and SQLite', async (t) => {
  await carryAround(t, portableDocuments, documents);
});

void test('rosters, notes of requests and ends are the same after SQLite, MariaDB, PostgreSQL and SQLite', async (t) => {
  await carryAround(t, portableRosters, rosters);
});
