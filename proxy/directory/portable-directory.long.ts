/** A directory is carried between all kinds of databases whole, and to MariaDB as to PostgreSQL. */
import { test } from 'node:test';
import { directoryContent } from '../../test/support/directory-content.ts';
import { testDirectoryImport } from '../../test/support/directory-imports.ts';
import { carryAround } from '../../test/support/portable-trip.ts';
import { portableDirectory } from './portable-directory.ts';

void test('edges, pins and settings are the same after SQLite, MariaDB, PostgreSQL and SQLite', async (t) => {
  await carryAround(t, portableDirectory, directoryContent);
});

testDirectoryImport('mariadb');
