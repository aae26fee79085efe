/**
 * Reads settings once, from flags, environment and settings file (in this order of precedence), and
 * returns either frozen settings or every fault at once. Reads no file itself: the caller hands texts in.
 */
import { parseEnv } from 'node:util';
import { regionPattern } from '../regions.ts';
import { socketPathFault, socketPathOf } from '../socket-path.ts';
import { classifyForeignName, nearestName } from './known-names.ts';
import { settingsSchema } from './schema.ts';
import { dashboardFaults } from './dashboard-settings.ts';
import { planOfEdgeFaults } from './service-settings.ts';
import { ssoFaults } from './sso-settings.ts';
import { tlsFaults } from './tls-settings.ts';
import type { Role, Setting, SettingName, Settings } from './schema.ts';

export interface SettingsInput {
  readonly role: Role;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** From the command line, by variable name. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
  /** Content of the settings file, `NAME=value` lines. */
  readonly fileText?: string;
}

/** What gave a setting its value. */
export type Origin = 'flag' | 'environment' | 'file' | 'default';

type Origins = Readonly<Record<SettingName, Origin>>;

export type SettingsResult =
  | {
      kind: 'valid';
      settings: Settings;
      origins: Origins;
      notes: readonly string[];
    }
  | { kind: 'invalid'; faults: readonly string[] };

export const settingNames = Object.keys(settingsSchema) as SettingName[];

/** Validates all settings of a role; faults name the setting, what is wrong and what would be right. */
export function loadSettings(input: SettingsInput): SettingsResult {
  const faults: string[] = [];
  const notes: string[] = [];
  const file = input.fileText === undefined ? {} : parseEnv(input.fileText);
  const given: Record<string, string | undefined> = {
    ...file,
    ...definedOnly(input.env),
    ...definedOnly(input.flags ?? {}),
  };
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith('CT_') && !(name in settingsSchema))
      judgeForeignName(name, value ?? '', faults, notes);
  }
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const name of settingNames) {
    const setting: Setting = settingsSchema[name];
    // What the role does not read may say anything: one file of settings can serve all roles of a machine.
    const text = setting.roles.includes(input.role) ? given[name]?.trim() : undefined;
    const read = readValue(setting, text === '' ? undefined : text, input.role);
    if (read.fault !== undefined) faults.push(`${name}: ${read.fault}`);
    values[name] = read.value;
    origins[name] = (text ?? '') === '' ? 'default' : originOf(name, input);
  }
  // Not of the file, which may be that of all roles of a machine.
  if (input.role === 'edge') faults.push(...planOfEdgeFaults(input.env));
  if (faults.length === 0) faults.push(...crossFaults(values as Settings, input.role));
  if (faults.length > 0) return { kind: 'invalid', faults };
  return { kind: 'valid', settings: Object.freeze(values) as Settings, origins: origins as Origins, notes };
}

function originOf(name: string, { flags, env }: SettingsInput): Origin {
  if (flags?.[name] !== undefined) return 'flag';
  return env[name] === undefined ? 'file' : 'environment';
}

/** The flag of a setting: CT_HTTP_PORT is `--http-port`. */
export function flagOf(name: string): string {
  return `--${name.slice('CT_'.length).toLowerCase().replaceAll('_', '-')}`;
}

function definedOnly(from: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(from).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}

function judgeForeignName(name: string, value: string, faults: string[], notes: string[]): void {
  switch (classifyForeignName(name, value)) {
    case 'service-link':
      return;
    case 'no-meaning':
      notes.push(`${name} has no meaning here and is ignored`);
      return;
    case 'unknown': {
      const nearest = nearestName(name, settingNames);
      faults.push(`${name}: unknown setting${nearest === undefined ? '' : `, did you mean ${nearest}?`}`);
    }
  }
}

function readValue(
  setting: Setting,
  text: string | undefined,
  role: Role,
): { value?: unknown; fault?: string } {
  switch (setting.type) {
    case 'integer':
      return readInteger(setting, text);
    case 'choice': {
      const value = text ?? setting.default;
      return setting.choices.includes(value)
        ? { value }
        : { fault: `must be one of ${setting.choices.join(', ')}` };
    }
    case 'text': {
      const value = text ?? setting.default;
      if (value === '') return setting.requiredIn?.includes(role) ? { fault: 'is required' } : { value };
      const least = setting.minLength ?? 0;
      if (value.length < least) return { fault: `must have at least ${least} characters` };
      const fault = setting.faultOf?.(value);
      return fault === undefined ? { value } : { fault };
    }
    case 'list': {
      const items = (text ?? setting.default).split(',').map((item) => item.trim());
      const value = items.filter((item) => item !== '');
      if (value.length === 0 && setting.requiredIn?.includes(role)) return { fault: 'is required' };
      const bad = value.find((item) => !setting.itemPattern.test(item));
      return bad === undefined ? { value } : { fault: `"${bad}" is not ${setting.itemHelp}` };
    }
  }
}

function readInteger(
  setting: { default: number; min: number; max: number; unit: string },
  text: string | undefined,
): { value?: number; fault?: string } {
  if (text === undefined) return { value: setting.default };
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  const fits = value >= setting.min && value <= setting.max;
  return fits
    ? { value }
    : { fault: `"${text}" is not a whole number of ${setting.unit} from ${setting.min} to ${setting.max}` };
}

/** Rules over more than one setting. */
function crossFaults(settings: Settings, role: Role): string[] {
  const faults: string[] = [];
  const front = role !== 'edge';
  faults.push(...tlsFaults(settings), ...dashboardFaults(settings), ...ssoFaults(settings));
  if (front && settings.CT_LOGIN.includes('apikey') && settings.CT_API_KEY === '' && role !== 'direct') {
    faults.push('CT_API_KEY: is required while CT_LOGIN has apikey');
  }
  if (role === 'proxy' && settings.CT_BACKEND.length === 0) {
    for (const name of ['CT_JOIN_TOKEN', 'CT_SESSION_SECRET'] as const) {
      if (settings[name] === '') faults.push(`${name}: is required unless CT_BACKEND is set`);
    }
  }
  const socketFault = settings.CT_EDGE_SOCKET === '' ? undefined : socketPathFault(settings.CT_EDGE_SOCKET);
  if (socketFault !== undefined) faults.push(`CT_EDGE_SOCKET: ${socketFault}`);
  const urlFault = settings.CT_SERVER_URL === '' ? undefined : publicUrlFault(settings.CT_SERVER_URL);
  if (urlFault !== undefined) faults.push(`CT_SERVER_URL: ${urlFault}`);
  if (!regionPattern.test(settings.CT_REGION))
    faults.push(`CT_REGION: "${settings.CT_REGION}" is not 1 to 64 characters of A-Z a-z 0-9 . _ and -`);
  const names = settings.CT_BACKEND.map((item) => item.split('=', 1)[0]);
  if (new Set(names).size < names.length) faults.push('CT_BACKEND: a name stands twice');
  faults.push(...settings.CT_BACKEND.flatMap(pathFaults));
  return faults;
}

/** Clients put paths behind it, so it has none of its own. */
function publicUrlFault(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    return `"${text}" is not http://HOST[:PORT] or https://HOST[:PORT]`;
  const isBare = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  return isBare ? undefined : `"${text}" must have no user, path or query`;
}

function pathFaults(item: string): string[] {
  const [name] = item.split('=', 1) as [string];
  const path = socketPathOf(item.slice(name.length + 1).replace(/;.*$/, ''));
  const fault = path === undefined ? undefined : socketPathFault(path);
  return fault === undefined ? [] : [`CT_BACKEND: ${name}: ${fault}`];
}
