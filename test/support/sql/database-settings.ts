/** A test's database in the form of our own settings. */
import { readFileSync } from 'node:fs';
import type { DatabaseSettings } from '#shared/sql/database-settings.ts';
import type { SqlAddress } from './sql-server.ts';

export function databaseSettingsOf(address: SqlAddress): DatabaseSettings {
  const { product, host, port, user, password, database, caPath } = address;
  const ca = caPath === undefined ? undefined : readFileSync(caPath, 'utf8');
  return {
    dialect: product === 'mariadb' ? 'mysql' : 'postgres',
    host,
    port,
    user,
    password,
    schema: database,
    tls:
      ca === undefined
        ? undefined
        : { mode: 'verify-full', rejectUnauthorized: true, ca, cert: undefined, key: undefined },
  };
}
