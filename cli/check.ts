/** `mooring check`: are the settings valid, and what would they be? Exit 0 or 2. */
import { showSettings } from '#shared/settings/show.ts';
import { describeDatabase } from '#shared/sql/database-settings.ts';
import { readDatabaseSettings } from '#shared/sql/read-database.ts';
import type { Role } from '#shared/settings/schema.ts';
import { readSettings } from './read-settings.ts';

const roles: readonly Role[] = ['direct', 'proxy', 'edge'];

export function checkSettings(roleText: string, flags: Readonly<Record<string, string>>): void {
  const role = roles.find((known) => known === roleText);
  if (role === undefined) {
    process.stderr.write(`mooring: --role must be one of ${roles.join(', ')}\n`);
    process.exit(2);
  }
  const settings = readSettings(role, flags);
  for (const line of showSettings(settings, role)) process.stdout.write(`${line}\n`);
  const database = readDatabaseSettings(settings);
  if (database !== undefined) process.stdout.write(`database ${describeDatabase(database)}\n`);
  process.stdout.write(`settings of mooring ${role} are valid\n`);
}
