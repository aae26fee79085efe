/** Settings as people read them: secrets masked, changed ones marked. Used by `mooring check`, the admin API and the log. */
import { settingNames } from './load.ts';
import { settingsSchema } from './schema.ts';
import type { Role, Setting, SettingName, Settings } from './schema.ts';

/** One line per setting of the role, `NAME=value  # unit, default`; a secret shows as `***`. */
export function showSettings(settings: Settings, role: Role): string[] {
  return namesOf(role).map((name) => {
    const setting: Setting = settingsSchema[name];
    const unit = setting.type === 'integer' ? ` ${setting.unit}` : '';
    const isDefault = formatValue(settings[name]) === String(setting.default);
    const mark = isDefault ? 'default' : `set, default "${setting.default}"`;
    return `${name}=${showValue(name, settings)}`.padEnd(44) + `#${unit} ${mark}`;
  });
}

/** The settings that a role reads. */
export function namesOf(role: Role): SettingName[] {
  return settingNames.filter((name) => (settingsSchema[name].roles as readonly Role[]).includes(role));
}

export function showValue(name: SettingName, settings: Settings): string {
  const setting: Setting = settingsSchema[name];
  const value = formatValue(settings[name]);
  return setting.type === 'text' && setting.secret && value !== '' ? '***' : value;
}

function formatValue(value: string | number | readonly string[]): string {
  return typeof value === 'object' ? value.join(',') : String(value);
}
