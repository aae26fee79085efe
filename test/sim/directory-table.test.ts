/** The directory that simulations run on keeps what every directory keeps. */
import { testDirectoryHistories } from '../support/directory-histories.ts';
import { testDirectory } from '../../proxy/directory/directory-conformance.ts';
import type { DirectoryStore } from '../../proxy/directory/conformance-store.ts';
import { timing } from '#shared/timing.ts';
import { DirectoryTable, connectDirectory } from './directory-table.ts';

function openStore(): Promise<DirectoryStore> {
  let aheadMs = 0;
  const table = new DirectoryTable(() => performance.now() + aheadMs);
  return Promise.resolve({
    open: () => Promise.resolve(connectDirectory(table, (run) => Promise.resolve(run()))),
    letLeaseRunOut: async (directory) => {
      // Somebody is there all the time: else it would not count.
      for (let ms = 0; ms < timing.leaseMs; ms += timing.attendIntervalMs) {
        aheadMs += timing.attendIntervalMs;
        await directory.attend();
      }
    },
    remove: () => Promise.resolve(),
  });
}

testDirectory(openStore);
testDirectoryHistories(openStore);
