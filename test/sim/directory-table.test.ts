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
    letLeaseRunOut: () => {
      aheadMs += timing.leaseMs;
      return Promise.resolve();
    },
    remove: () => Promise.resolve(),
  });
}

testDirectory(openStore);
testDirectoryHistories(openStore);
