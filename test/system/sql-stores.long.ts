/** What outlives edges of several hosts in one database, on MariaDB. */
import { testSharedStores } from '../support/sql/shared-stores.ts';

testSharedStores('mariadb');
