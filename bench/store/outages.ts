/**
 * Stores that two front doors share, and the manners in which they are away for a while: each begins when told so, and ends
 * when told so. Nobody's own work is stopped by it but the store's.
 */
import Database from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { SqlProductName } from '../../test/support/sql/sql-product.ts';
import { startSqlServer } from '../../test/support/sql/sql-server.ts';
import type { SqlAddress, SqlServer } from '../../test/support/sql/sql-server.ts';
import { databaseSetting } from '../../test/support/store-fleet.ts';
import { StorePath } from '../../test/support/store-path.ts';
import { lockTables } from './table-lock.ts';
import type { EndLock } from './table-lock.ts';

/** How long each piece of bytes takes to a slow store, and back. */
const slowMs = 2_000;

export interface AwayStore {
  /** Of each front door. */
  readonly settings: Readonly<Record<string, string>>;
  readonly dataDir?: string;
  /** Some pins are there. */
  readonly remember: () => Promise<void>;
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
}

type OpenStore = (t: TestContext) => Promise<AwayStore>;
type Manner = (
  server: SqlServer,
  address: SqlAddress,
  path: StorePath,
) => Pick<AwayStore, 'begin' | 'end'> & Partial<Pick<AwayStore, 'remember'>>;

const manners: Readonly<Record<string, Manner>> = {
  /** It answers nothing, and refuses nobody. */
  frozen: (server) => ({
    begin: async () => await Promise.resolve(server.freeze()),
    end: async () => await Promise.resolve(server.thaw()),
  }),
  /** Its process is gone. */
  down: (server) => ({
    begin: async () => await server.kill(),
    end: async () => await server.start(),
  }),
  slow: (_server, _address, path) => ({
    begin: async () => await Promise.resolve(void (path.delayMs = slowMs)),
    end: async () => await Promise.resolve(void (path.delayMs = 0)),
  }),
  /** An administrator has the tables to himself. */
  locked: (_server, address) => {
    let unlock: EndLock | undefined;
    return {
      begin: async () => void (unlock = await lockTables(address)),
      end: async () => await unlock?.(),
    };
  },
  /** Its process is gone, and it comes back with the data that it had before some pins were placed. */
  'rolled-back': (server) => {
    let copy = '';
    return {
      remember: async () => void (copy = await server.copyData()),
      begin: async () => await server.kill(),
      end: async () => await server.restore(copy),
    };
  },
};

/** Somebody else has the file to himself: a backup, or an administrator. */
async function openLockedFile(t: TestContext): Promise<AwayStore> {
  const dataDir = mkdtempSync(join(tmpdir(), 'mooring-outage-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  let holder: Database.Database | undefined;
  return await Promise.resolve({
    settings: {},
    dataDir,
    remember: async () => await Promise.resolve(),
    begin: async () => {
      holder = new Database(join(dataDir, 'directory.sqlite'));
      holder.exec('BEGIN EXCLUSIVE');
      await Promise.resolve();
    },
    end: async () => await Promise.resolve(void holder?.close()),
  });
}

function onServer(product: SqlProductName, manner: Manner): OpenStore {
  return async (t) => {
    const server = await startSqlServer(t, product, { isDurable: true });
    const address = await server.createDatabase();
    const path = await StorePath.open(t, address.port);
    const way = manner === manners['slow'] ? path.port : address.port;
    const settings = databaseSetting(address, way);
    const remember = async (): Promise<void> => await Promise.resolve();
    return { settings, remember, ...manner(server, address, path) };
  };
}

/** By store and manner. */
export const outages: Readonly<Record<string, OpenStore>> = {
  ...Object.fromEntries(
    (['postgresql', 'mariadb'] as const).flatMap((product) =>
      Object.entries(manners).map(([name, manner]) => [`${product}-${name}`, onServer(product, manner)]),
    ),
  ),
  'sqlite-locked': openLockedFile,
};
