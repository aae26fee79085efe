/**
 * Where the settings of a process come from: its flags, its environment, and the text of its settings file when it was last
 * taken over. Kept, so that the file can be read anew while the process runs; flags and environment stay what they are.
 */
import { readFileSync } from 'node:fs';
import { loadSettings } from './load.ts';
import type { SettingsResult } from './load.ts';
import type { Role } from './setting.ts';

type Texts = Readonly<Record<string, string>>;

export interface SettingsSource {
  readonly role: Role;
  readonly flags: Texts;
  /** The `CT_*` variables alone. */
  readonly env: Texts;
  readonly fileText?: string | undefined;
}

/** What a supervised process tells when it runs with another text of the settings file. */
export interface SettingsTakenMessage {
  readonly type: 'settings-taken';
  readonly fileText: string;
}

/** In the environment of a supervised process: the source of its supervisor's settings. */
const sourceVariable = 'MOORING_SETTINGS_SOURCE';

/** Throws where the settings file cannot be read. */
export function openSource(
  role: Role,
  flags: Texts,
  environment: Readonly<Record<string, string | undefined>>,
): SettingsSource {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment))
    if (name.startsWith('CT_') && value !== undefined) env[name] = value;
  return readAnew({ role, flags, env });
}

/** Undefined where no file gives settings. */
export function settingsFileOf({ flags, env }: SettingsSource): string | undefined {
  return (flags['CT_SETTINGS_FILE'] ?? env['CT_SETTINGS_FILE']) || undefined;
}

/** The same source with the file as it is now. Throws where it cannot be read. */
export function readAnew(source: SettingsSource): SettingsSource {
  const path = settingsFileOf(source);
  return path === undefined ? source : { ...source, fileText: readFileSync(path, 'utf8') };
}

export function loadFrom({ role, flags, env, fileText }: SettingsSource): SettingsResult {
  return loadSettings({ role, flags, env, ...(fileText === undefined ? {} : { fileText }) });
}

export function handOnSource(source: SettingsSource): Record<string, string> {
  return { [sourceVariable]: JSON.stringify(source) };
}

/** The supervisor's, where one has handed it on; it runs with the same program. */
export function inheritedSource(
  environment: Readonly<Record<string, string | undefined>>,
): SettingsSource | undefined {
  const text = environment[sourceVariable];
  return text === undefined ? undefined : (JSON.parse(text) as SettingsSource);
}
