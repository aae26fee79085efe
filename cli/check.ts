/** `mooring check`: are the settings valid, certificates among them, and what would they be? Exit 0 or 2. */
import { servesTls } from '#shared/settings/tls-settings.ts';
import { showSettings } from '#shared/settings/show.ts';
import { readLicence } from '#shared/licence/licence-source.ts';
import { describeDatabase } from '#shared/sql/database-settings.ts';
import { readDatabaseSettings } from '#shared/sql/read-database.ts';
import type { Role, Settings } from '#shared/settings/schema.ts';
import { readSettings } from './read-settings.ts';

const roles: readonly Role[] = ['direct', 'proxy', 'edge'];

export async function checkSettings(
  roleText: string,
  flags: Readonly<Record<string, string>>,
): Promise<void> {
  const role = roles.find((known) => known === roleText);
  if (role === undefined) {
    process.stderr.write(`mooring: --role must be one of ${roles.join(', ')}\n`);
    process.exit(2);
  }
  const settings = readSettings(role, flags);
  for (const line of showSettings(settings, role)) process.stdout.write(`${line}\n`);
  const database = readDatabaseSettings(settings);
  if (database !== undefined) process.stdout.write(`database ${describeDatabase(database)}\n`);
  if (role !== 'edge' && servesTls(settings)) {
    const { findCertificateFaults } = await import('../proxy/tls/certificate-settings.ts');
    const faults = findCertificateFaults(settings, Date.now());
    for (const fault of faults) process.stderr.write(`mooring: ${fault}\n`);
    if (faults.length > 0) process.exit(2);
  }
  if (role !== 'edge') checkLicence(settings);
  process.stdout.write(`settings of mooring ${role} are valid\n`);
}

function checkLicence(settings: Settings): void {
  try {
    readLicence(settings);
  } catch (error) {
    process.stderr.write(`mooring: ${(error as Error).message}\n`);
    process.exit(2);
  }
}
