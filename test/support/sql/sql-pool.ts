/** A pool whose members share nothing but a database: each has a data folder of its own, as on hosts of their own. */
import type { TestContext } from 'node:test';
import { locatorOf, startEdge } from '../edge-process.ts';
import { isReady, makeDataDir, startFrontDoor } from '../front-door.ts';
import type { FrontDoor } from '../front-door.ts';
import { eventually } from '../oct-inbox.ts';
import type { SqlProductName } from './sql-product.ts';
import { startSqlServer } from './sql-server.ts';
import type { SqlAddress, SqlServer } from './sql-server.ts';

const edgeIds = ['e1', 'e2', 'e3'] as const;

export interface SqlPool {
  readonly database: SqlServer;
  readonly door: FrontDoor;
  /** Of the front door, without a slash at its end. */
  readonly url: string;
  /** Process of the edge; it may be killed. */
  readonly pidOf: (edge: string) => number;
  readonly edgeOf: (key: string) => Promise<string>;
  readonly allReady: () => Promise<void>;
}

export async function startSqlPool(t: TestContext, product: SqlProductName): Promise<SqlPool> {
  const database = await startSqlServer(t, product);
  const settings = { CT_LOCATOR_CONFIG: locatorConfigOf(await database.createDatabase()) };
  const door = await startFrontDoor(t, { settings });
  const pids = new Map<string, number>();
  for (const id of edgeIds) {
    const start = { id, settings, locators: [locatorOf(door)], dataDir: makeDataDir(t), mayBeKilled: true };
    pids.set(id, startEdge(t, start));
  }
  const allReady = async (): Promise<void> => {
    const isAll = async (): Promise<boolean> =>
      (await door.edges()).filter(isReady).length === edgeIds.length;
    await eventually(isAll, 'all edges are ready');
  };
  await allReady();
  return {
    database,
    door,
    url: `http://${door.host}`,
    pidOf: (edge) => pids.get(edge)!,
    edgeOf: async (key) => (await door.where(key)).edge,
    allReady,
  };
}

/** As administrators write it. */
function locatorConfigOf({ product, host, port, user, password, database }: SqlAddress): string {
  return JSON.stringify({ database: { dialect: product, host, port, user, password, schema: database } });
}
