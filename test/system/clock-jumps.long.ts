/** Clocks are set: that of a host with all that runs there, of a database server, of a front door and of edges, each alone. */
import { openFileScene, openServerScene, testClockJumps } from '../support/clock-jumps.ts';

testClockJumps('a SQLite file', openFileScene);
testClockJumps('mariadb', async (t) => await openServerScene(t, 'mariadb'));
testClockJumps('postgresql', async (t) => await openServerScene(t, 'postgresql'));
