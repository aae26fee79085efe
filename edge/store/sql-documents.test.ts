/** The document store on real database servers: the conformance suite, and what happens to it when they fail. */
import { testDocumentHistories } from '../../test/support/document-histories.ts';
import { sqlDocumentScene } from '../../test/support/document-scenes.ts';
import { sqlProducts } from '../../test/support/sql/sql-product.ts';
import { testDocumentStore, testLargeDocuments } from './document-conformance.ts';
import { testDocumentRemoval } from './document-removal-conformance.ts';

for (const product of sqlProducts) {
  const openScene = sqlDocumentScene(product);
  testDocumentStore(openScene);
  testDocumentRemoval(openScene);
  testDocumentHistories(openScene);
}
testLargeDocuments(sqlDocumentScene('postgresql'));
