/** What `mooring db` does on MariaDB, and imports that fail; how it checks PostgreSQL is looked at each time. */
import { testFailingImport, testServerCheck } from '../support/db-command.ts';

testFailingImport('postgresql');
testFailingImport('mariadb');
testServerCheck('mariadb');
