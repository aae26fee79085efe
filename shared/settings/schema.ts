/**
 * The one list of settings: name, unit, default, bounds and meaning. The environment, the command line,
 * `mooring check` and `docs/config.md` are all read off this table; nothing else knows a setting's name.
 */
import { dashboardSettings } from './dashboard-settings.ts';
import { downloadSettings } from './download-settings.ts';
import { engineSettings } from './engine-settings.ts';
import { storeSettings } from './store-settings.ts';
import { fleetSettings } from './fleet-settings.ts';
import { frontSettings } from './front-settings.ts';
import { historySettings } from './history-settings.ts';
import { licenceSettings } from './licence-settings.ts';
import { limitSettings } from './limit-settings.ts';
import { logSettings } from './log-settings.ts';
import { requestSettings } from './request-settings.ts';
import { serviceSettings } from './service-settings.ts';
import { tlsSettings } from './tls-settings.ts';
import { ssoSettings } from './sso-settings.ts';
import { registrySettings } from './registry-settings.ts';
import { metricSettings } from './metric-settings.ts';
import type { Setting } from './setting.ts';

export type { Role, Setting } from './setting.ts';

export const settingsSchema = {
  ...fleetSettings,
  ...frontSettings,
  ...historySettings,
  ...limitSettings,
  ...requestSettings,
  ...logSettings,
  ...tlsSettings,
  ...dashboardSettings,
  ...ssoSettings,
  ...metricSettings,
  ...downloadSettings,
  ...registrySettings,
  ...licenceSettings,
  ...serviceSettings,
  ...engineSettings,
  ...storeSettings,
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settingsSchema;

type ValueOf<S extends Setting> = S extends { type: 'integer' }
  ? number
  : S extends { type: 'list' }
    ? readonly string[]
    : string;

/** The effective settings, by their variable names. */
export type Settings = { readonly [N in SettingName]: ValueOf<(typeof settingsSchema)[N]> };
