/** The store stops answering, or goes back to an older copy: a SQLite file, and of the database servers PostgreSQL. */
import { openFile, openServer, testOlderCopy, testOutage } from '../support/store-outages.ts';

testOutage('postgresql', async (t) => await openServer(t, 'postgresql'));
testOutage('a locked SQLite file', openFile);
testOlderCopy('postgresql');
