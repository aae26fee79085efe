/** Settings of the dashboard: who may log in, and for how long a login holds. */
import { isPasswordHash } from '../password-hash.ts';
import { front } from './setting.ts';
import type { Setting } from './setting.ts';

const name = { type: 'text', default: '', live: true, roles: front, scope: 'process' } as const;
const password = { ...name, secret: true } as const;

export const dashboardSettings = {
  CT_DASHBOARD_USER: {
    ...name,
    help: 'User of the dashboard; without a password for it CT_LOGS_USER counts, and ctuser without that.',
  },
  CT_DASHBOARD_PASSWORD: {
    ...password,
    help: 'Password of the dashboard, or what mooring hash-password makes of it; without one CT_LOGS_PASSWORD counts, and without that one is made and logged once.',
  },
  CT_LOGS_USER: {
    ...name,
    help: 'User of the dashboard and of /logs where CT_DASHBOARD_PASSWORD is not set.',
  },
  CT_LOGS_PASSWORD: {
    ...password,
    help: 'Password of CT_LOGS_USER, or what mooring hash-password makes of it.',
  },
  CT_DASHBOARD_READER_USER: {
    ...name,
    default: 'reader',
    help: 'User who may look at the dashboard and change nothing, where CT_DASHBOARD_READER_PASSWORD is set.',
  },
  CT_DASHBOARD_READER_PASSWORD: {
    ...password,
    help: 'Password of CT_DASHBOARD_READER_USER, or what mooring hash-password makes of it.',
  },
  CT_DASHBOARD_SESSION_HOURS: {
    type: 'integer',
    unit: 'hours',
    default: 12,
    min: 1,
    max: 720,
    live: true,
    roles: front,
    scope: 'process',
    help: 'Time after which whoever is logged in to the dashboard has to log in again.',
  },
  CT_DASHBOARD_IDLE_MINUTES: {
    type: 'integer',
    unit: 'minutes',
    default: 60,
    min: 1,
    max: 43_200,
    live: true,
    roles: front,
    scope: 'process',
    help: 'Time without a request after which a login to the dashboard ends.',
  },
} as const satisfies Record<string, Setting>;

type UserSetting = 'CT_DASHBOARD_USER' | 'CT_LOGS_USER' | 'CT_DASHBOARD_READER_USER';
type PasswordSetting = 'CT_DASHBOARD_PASSWORD' | 'CT_LOGS_PASSWORD' | 'CT_DASHBOARD_READER_PASSWORD';
type Accounts = { readonly [Name in UserSetting | PasswordSetting]: string };

const defaultUser = 'ctuser';

export function adminUserOf(settings: Accounts): string {
  const isOfLogs = settings.CT_DASHBOARD_PASSWORD === '' && settings.CT_LOGS_PASSWORD !== '';
  const user = isOfLogs ? settings.CT_LOGS_USER : settings.CT_DASHBOARD_USER || settings.CT_LOGS_USER;
  return user || defaultUser;
}

export function dashboardFaults(settings: Accounts): string[] {
  const names = ['CT_DASHBOARD_PASSWORD', 'CT_LOGS_PASSWORD', 'CT_DASHBOARD_READER_PASSWORD'] as const;
  const faults = names
    .filter((name) => settings[name].startsWith('scrypt:') && !isPasswordHash(settings[name]))
    .map((name) => `${name}: is no whole line of mooring hash-password`);
  const hasReader = settings.CT_DASHBOARD_READER_PASSWORD !== '';
  if (hasReader && settings.CT_DASHBOARD_READER_USER === adminUserOf(settings))
    faults.push('CT_DASHBOARD_READER_USER: is the administrator of the dashboard already');
  return faults;
}
