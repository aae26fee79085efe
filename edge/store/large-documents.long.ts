/** Documents of 64 MiB in a SQLite file and on MariaDB. */
import { sqlDocumentScene, sqliteDocumentScene } from '../../test/support/document-scenes.ts';
import { testLargeDocuments } from './document-conformance.ts';

testLargeDocuments(sqliteDocumentScene);
testLargeDocuments(sqlDocumentScene('mariadb'));
