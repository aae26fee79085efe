/** What outlives a killed edge among those of several hosts in one database, on PostgreSQL. */
import { testKilledEdge } from '../support/sql/shared-stores.ts';

testKilledEdge('postgresql');
