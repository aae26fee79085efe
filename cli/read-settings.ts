/** Settings of a command, from flags, environment and settings file; ends the process on a fault. */
import type { SettingsResult } from '#shared/settings/load.ts';
import { inheritedSource, loadFrom, openSource } from '#shared/settings/source.ts';
import type { SettingsSource } from '#shared/settings/source.ts';
import type { Role, Settings } from '#shared/settings/schema.ts';
import { setTimeZone } from '#shared/time-zone.ts';
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
  setTimeZone(result.settings.CT_TIME_ZONE);
  for (const note of result.notes) process.stderr.write(`mooring: ${note}\n`);
  return result.settings;
}

/** The same settings as texts, to be read anew while the process runs; what a supervisor hands on is its own. */
export function sourceOf(role: Role, flags: Readonly<Record<string, string>>): SettingsSource {
  return inheritedSource(process.env) ?? openSource(role, flags, process.env);
}

/** A supervisor of ours has started this process. */
export function isSupervised(): boolean {
  return inheritedSource(process.env) !== undefined;
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
  try {
    return loadFrom(openSource(role, flags, process.env));
  } catch (error) {
    return { kind: 'invalid', faults: [`CT_SETTINGS_FILE: ${(error as Error).message}`] };
  }
}
