/** The settings of a process that nobody has told anything. */
import { settingsSchema } from '#shared/settings/schema.ts';
import type { Settings } from '#shared/settings/schema.ts';

export function defaultSettings(): Settings {
  const defaults = Object.entries(settingsSchema).map(([name, setting]) => [name, setting.default]);
  return Object.fromEntries(defaults) as Settings;
}
