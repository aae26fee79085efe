/** Settings as people read them: secrets masked, changed ones marked. Used by `mooring check` and the log. */
import { settingNames } from './load.ts';
import { settingsSchema } from './schema.ts';
import type { Role, Setting, Settings } from './schema.ts';

/** One line per setting of the role, `NAME=value  # unit, default`; a secret shows as `***`. */
export function showSettings(settings: Settings, role: Role): string[] {
  return settingNames
    .filter((name) => (settingsSchema[name].roles as readonly Role[]).includes(role))
    .map((name) => {
      const setting: Setting = settingsSchema[name];
      const value = formatValue(settings[name]);
      const shown = setting.type === 'text' && setting.secret && value !== '' ? '***' : value;
      const unit = setting.type === 'integer' ? ` ${setting.unit}` : '';
      const mark = value === String(setting.default) ? 'default' : `set, default "${setting.default}"`;
      return `${name}=${shown}`.padEnd(44) + `#${unit} ${mark}`;
    });
}

function formatValue(value: string | number | readonly string[]): string {
  return typeof value === 'object' ? value.join(',') : String(value);
}
