/** Settings of a command, from flags, environment and settings file; ends the process on a fault. */
import { readFileSync } from 'node:fs';
import { loadSettings } from '#shared/settings/load.ts';
import type { SettingsResult } from '#shared/settings/load.ts';
import type { Role, Settings } from '#shared/settings/schema.ts';
import { readDatabaseSettings } from '#shared/sql/read-database.ts';

/** Reads and validates; all faults are printed at once, then exit 2. */
export function readSettings(role: Role, flags: Readonly<Record<string, string>>): Settings {
  const result = tryReadSettings(role, flags);
  if (result.kind === 'invalid') {
    process.stderr.write(`mooring: ${result.faults.length} fault(s) in the settings\n`);
    for (const fault of result.faults) process.stderr.write(`  ${fault}\n`);
    process.exit(2);
  }
  checkDatabase(result.settings);
  for (const note of result.notes) process.stderr.write(`mooring: ${note}\n`);
  return result.settings;
}

function checkDatabase(settings: Settings): void {
  try {
    readDatabaseSettings(settings);
  } catch (error) {
    process.stderr.write('mooring: the configuration of the database cannot be used\n');
    for (const fault of (error as Error).message.split('\n')) process.stderr.write(`  ${fault}\n`);
    process.exit(2);
  }
}

function tryReadSettings(role: Role, flags: Readonly<Record<string, string>>): SettingsResult {
  const path = flags['CT_SETTINGS_FILE'] ?? process.env['CT_SETTINGS_FILE'] ?? '';
  if (path === '') return loadSettings({ role, env: process.env, flags });
  try {
    return loadSettings({ role, env: process.env, flags, fileText: readFileSync(path, 'utf8') });
  } catch (error) {
    return { kind: 'invalid', faults: [`CT_SETTINGS_FILE: ${(error as Error).message}`] };
  }
}
