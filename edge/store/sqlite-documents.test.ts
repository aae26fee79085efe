/** The SQLite document store: the conformance suite, and what happens to it where its file fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { testDocumentHistories } from '../../test/support/document-histories.ts';
import { sqliteDocumentScene } from '../../test/support/document-scenes.ts';
import { temporaryStorePath } from '../../test/support/y-edge.ts';
import { documentAt, testDocumentStore } from './document-conformance.ts';
import { testDocumentRemoval } from './document-removal-conformance.ts';
import { openSqliteDocuments } from './sqlite-documents.ts';

const unavailable = { code: 'store-unavailable' };

testDocumentStore(sqliteDocumentScene);
testDocumentRemoval(sqliteDocumentScene);
testDocumentHistories(sqliteDocumentScene);

test('a store whose file lost a table fails its calls and stays open', async (t) => {
  const path = await temporaryStorePath(t);
  const store = await openSqliteDocuments(path);
  t.after(async () => await store.close());
  const other = new Database(path);
  other.exec('DROP TABLE document_update');
  other.close();
  await assert.rejects(store.append(documentAt(1), [Uint8Array.of(1)]), unavailable);
  await assert.rejects(store.load(documentAt(1)), unavailable);
});

test('a file of a newer program is refused', async (t) => {
  const path = await temporaryStorePath(t);
  const database = new Database(path);
  database.pragma('user_version = 999');
  database.close();
  await assert.rejects(openSqliteDocuments(path), /use the newer program/);
});
