/** The roster store of the tests keeps what the real ones keep, so that a test with it says something. */
import { testRosterStore } from '../../edge/store/roster-conformance.ts';
import type { OpenScene } from '../../edge/store/roster-conformance.ts';
import { MemoryRosters } from './memory-rosters.ts';
import { testRosterHistories } from './roster-histories.ts';

const openScene: OpenScene = () => {
  const rosters = new MemoryRosters();
  const letPass = (ms: number): void => {
    rosters.nowMs += ms;
  };
  return Promise.resolve({ open: () => Promise.resolve(rosters), letPass });
};

testRosterStore(openScene);
testRosterHistories(openScene);
