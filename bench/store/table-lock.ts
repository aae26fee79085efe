/**
 * The directory's tables, held by somebody else for as long as he likes: a connection of its own, for the programs that
 * come with the servers are ended after a while, and what they hold with them.
 */
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import type { SqlProductName } from '../../test/support/sql/sql-product.ts';
import type { SqlAddress } from '../../test/support/sql/sql-server.ts';

/** Lets the tables go. */
export type EndLock = () => Promise<void>;

const tables = ['mooring_pin', 'mooring_edge', 'mooring_clock'];

const lockOn: Readonly<Record<SqlProductName, (address: SqlAddress) => Promise<EndLock>>> = {
  mariadb: async ({ host, port, user, password, database }) => {
    const connection = await createConnection({ host, port, user, password, database });
    await connection.query(`LOCK TABLES ${tables.map((table) => `${table} WRITE`).join(', ')}`);
    return async () => await connection.end();
  },
  postgresql: async ({ host, port, user, password, database }) => {
    const client = new Client({ host, port, user, password, database });
    await client.connect();
    await client.query('BEGIN');
    await client.query(`LOCK TABLE ${tables.join(', ')} IN ACCESS EXCLUSIVE MODE`);
    return async () => await client.end();
  },
};

/** Resolves when nobody else gets at the tables any more, not even to read. */
export async function lockTables(address: SqlAddress): Promise<EndLock> {
  return await lockOn[address.product](address);
}
