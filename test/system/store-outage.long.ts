/** MariaDB stops answering, or goes back to an older copy. */
import { openServer, testOlderCopy, testOutage } from '../support/store-outages.ts';

testOutage('mariadb', async (t) => await openServer(t, 'mariadb'));
testOlderCopy('mariadb');
