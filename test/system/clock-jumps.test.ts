/** The clock of a host with all that runs there is set; clocks of servers and of one process alone are in the long tests. */
import { openFileScene, testClockJumps } from '../support/clock-jumps.ts';

testClockJumps('a SQLite file', openFileScene);
