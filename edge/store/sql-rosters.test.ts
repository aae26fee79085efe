/** The roster store on real database servers: the conformance suite, and what happens to it when they fail. */
import { testRosterHistories } from '../../test/support/roster-histories.ts';
import { databaseSettingsOf } from '../../test/support/sql/database-settings.ts';
import { sqlProducts } from '../../test/support/sql/sql-product.ts';
import type { SqlProductName } from '../../test/support/sql/sql-product.ts';
import { sharedSqlServer } from '../../test/support/sql/sql-server.ts';
import { testRosterStore } from './roster-conformance.ts';
import type { OpenScene } from './roster-conformance.ts';
import { openSqlRosters } from './sql-rosters.ts';

const connectionsMax = 8;

function sceneOn(product: SqlProductName): OpenScene {
  return async () => {
    const server = await sharedSqlServer(product);
    const address = await server.createDatabase();
    const letPass = async (ms: number): Promise<void> => {
      await server.ask(`UPDATE mooring_roster_clock SET wall_ms = wall_ms - ${ms}`, address.database);
    };
    return { open: async () => await openSqlRosters(databaseSettingsOf(address), connectionsMax), letPass };
  };
}

for (const product of sqlProducts) {
  testRosterStore(sceneOn(product));
  testRosterHistories(sceneOn(product));
}
