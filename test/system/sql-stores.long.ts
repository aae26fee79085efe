/** What outlives edges of several hosts in one database: on PostgreSQL all but a killed edge, and all of it on MariaDB. */
import { testKilledEdge, testMoreTroubles } from '../support/sql/shared-stores.ts';

testMoreTroubles('postgresql');
testKilledEdge('mariadb');
testMoreTroubles('mariadb');
