/** What outlives edges of several hosts in one database, on PostgreSQL. */
import { testSharedStores } from '../support/sql/shared-stores.ts';

testSharedStores('postgresql');
