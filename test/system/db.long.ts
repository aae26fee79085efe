/** What `mooring db` does on MariaDB; on PostgreSQL it is looked at each time. */
import { testFailingImport, testServerCheck } from '../support/db-command.ts';

testFailingImport('mariadb');
testServerCheck('mariadb');
