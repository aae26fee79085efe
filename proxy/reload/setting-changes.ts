/** What differs between two readings of the settings, as people may see it, and what they should know of it. */
import { settingNames } from '#shared/settings/load.ts';
import { settingsSchema } from '#shared/settings/schema.ts';
import type { Role, Setting, SettingName, Settings } from '#shared/settings/schema.ts';
import { showValue } from '#shared/settings/show.ts';
import { settingsFileOf } from '#shared/settings/source.ts';
import type { SettingsSource } from '#shared/settings/source.ts';

export interface SettingChange {
  readonly name: SettingName;
  /** Secrets are masked, before and after. */
  readonly before: string;
  readonly after: string;
  readonly isLive: boolean;
}

/** Of the settings that the role reads. */
export function findChanges(before: Settings, after: Settings, role: Role): readonly SettingChange[] {
  return settingNames
    .filter((name) => {
      const { roles }: Setting = settingsSchema[name];
      return roles.includes(role) && String(before[name]) !== String(after[name]);
    })
    .map((name) => {
      const setting: Setting = settingsSchema[name];
      // What front doors do not read waits for the next start of whoever does.
      const isLive = setting.live === true && setting.roles.includes('proxy');
      return { name, before: showValue(name, before), after: showValue(name, after), isLive };
    });
}

export function notesOn(source: SettingsSource, changes: readonly SettingChange[]): string[] {
  const file = settingsFileOf(source);
  if (file === undefined)
    return ['no CT_SETTINGS_FILE is set: flags and environment stay as they were at the start'];
  if (source.role !== 'direct') return [];
  return changes
    .filter(({ name, isLive }) => isLive && (settingsSchema[name] as Setting).roles.includes('edge'))
    .map(({ name }) => `${name}: edges take it up with their next start (mooring restart --rolling)`);
}
