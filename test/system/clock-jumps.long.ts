/** The clocks of a database server, of a front door and of edges are set, each alone. */
import { openServerScene, testClockJumps } from '../support/clock-jumps.ts';

testClockJumps('mariadb', async (t) => await openServerScene(t, 'mariadb'));
testClockJumps('postgresql', async (t) => await openServerScene(t, 'postgresql'));
