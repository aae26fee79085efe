/** PostgreSQL stops answering, or goes back to an older copy. */
import { openServer, testOlderCopy, testOutage } from '../support/store-outages.ts';

testOutage('postgresql', async (t) => await openServer(t, 'postgresql'));
testOlderCopy('postgresql');
