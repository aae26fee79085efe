/** The document store on real database servers: the conformance suite, and what happens to it when they fail. */
import { databaseSettingsOf } from '../../test/support/sql/database-settings.ts';
import { testDocumentHistories } from '../../test/support/document-histories.ts';
import { sqlProducts } from '../../test/support/sql/sql-product.ts';
import type { SqlProductName } from '../../test/support/sql/sql-product.ts';
import { sharedSqlServer } from '../../test/support/sql/sql-server.ts';
import { testDocumentStore } from './document-conformance.ts';
import type { OpenDocumentScene } from './document-conformance.ts';
import { testDocumentRemoval } from './document-removal-conformance.ts';
import { openSqlDocuments } from './sql-documents.ts';

const connectionsMax = 8;

function sceneOn(product: SqlProductName): OpenDocumentScene {
  return async () => {
    const server = await sharedSqlServer(product);
    const address = await server.createDatabase();
    const letPass = async (ms: number): Promise<void> => {
      await server.ask(`UPDATE mooring_document_clock SET wall_ms = wall_ms - ${ms}`, address.database);
    };
    return { open: async () => await openSqlDocuments(databaseSettingsOf(address), connectionsMax), letPass };
  };
}

for (const product of sqlProducts) {
  const openScene = sceneOn(product);
  testDocumentStore(openScene);
  testDocumentRemoval(openScene);
  testDocumentHistories(openScene);
}
