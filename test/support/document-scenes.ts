/** Fresh stores of documents for the conformance suites: in a SQLite file, and on real database servers. */
import Database from 'better-sqlite3';
import type { OpenDocumentScene } from '../../edge/store/document-conformance.ts';
import { openSqlDocuments } from '../../edge/store/sql-documents.ts';
import { openSqliteDocuments } from '../../edge/store/sqlite-documents.ts';
import { databaseSettingsOf } from './sql/database-settings.ts';
import type { SqlProductName } from './sql/sql-product.ts';
import { sharedSqlServer } from './sql/sql-server.ts';
import { temporaryStorePath } from './y-edge.ts';

const connectionsMax = 8;

export function sqlDocumentScene(product: SqlProductName): OpenDocumentScene {
  return async () => {
    const server = await sharedSqlServer(product);
    const address = await server.createDatabase();
    const letPass = async (ms: number): Promise<void> => {
      await server.ask(`UPDATE mooring_document_clock SET wall_ms = wall_ms - ${ms}`, address.database);
    };
    return { open: async () => await openSqlDocuments(databaseSettingsOf(address), connectionsMax), letPass };
  };
}

export const sqliteDocumentScene: OpenDocumentScene = async (t) => {
  const path = await temporaryStorePath(t);
  return {
    open: async () => await openSqliteDocuments(path),
    // Moves the store's clock and the host's, as the store sees it, apart.
    letPass: (ms) => {
      const database = new Database(path);
      database.prepare('UPDATE document_clock SET wall_ms = wall_ms - ?').run(ms);
      database.close();
    },
  };
};
