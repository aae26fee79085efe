/** A store stops answering, or goes back to an older copy: MariaDB, and a SQLite file that somebody locks. */
import { openFile, openServer, testOlderCopy, testOutage } from '../support/store-outages.ts';

testOutage('mariadb', async (t) => await openServer(t, 'mariadb'));
testOutage('a locked SQLite file', openFile);
testOlderCopy('mariadb');
