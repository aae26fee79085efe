/** A directory is carried from a file to PostgreSQL, and gives no epoch out twice for it. */
import { testDirectoryImport } from '../../test/support/directory-imports.ts';

testDirectoryImport('postgresql');
