/** Connections that break, hang or are stopped, under older clients, and under those that stay with long polling. */
import {
  testCutsOfLibraries,
  testHang,
  testPlannedStop,
  testRandomCuts,
} from '../../test/support/oct-cuts.ts';
import { socketIoReleases, transportChoices } from '../../test/support/socket-io-releases.ts';

testRandomCuts(['polling']);
testCutsOfLibraries('0.3.0', '0.3.3');
testHang('0.3.0');
for (const release of socketIoReleases)
  if (release !== '4.8') for (const transports of transportChoices) testPlannedStop(release, transports);
