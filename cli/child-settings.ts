/**
 * What the processes of `mooring direct` are told: the settings of their role, and what a pool on one machine needs besides
 * (secrets, addresses). Follows the settings file where the front door has taken it up anew, or is about to be replaced.
 */
import { hashClusterSettings } from '#shared/cluster-hash.ts';
import { localHost } from '#shared/local-host.ts';
import type { SettingsResult } from '#shared/settings/load.ts';
import { settingNames } from '#shared/settings/load.ts';
import { settingsSchema } from '#shared/settings/schema.ts';
import type { Role, Settings } from '#shared/settings/schema.ts';
import { ensureSecret } from '#shared/settings/secrets.ts';
import { handOnSource, loadFrom, readAnew } from '#shared/settings/source.ts';
import type { SettingsSource } from '#shared/settings/source.ts';
import type { EdgeFolder } from './edge-folder.ts';

type Env = Record<string, string>;

export class ChildSettings {
  #settings: Settings;
  #source: SettingsSource;
  readonly #folder: EdgeFolder | undefined;
  readonly #secrets: Env;
  /** Where edges join. */
  controlPorts: readonly number[] = [];

  constructor(settings: Settings, source: SettingsSource, folder: EdgeFolder | undefined) {
    this.#settings = settings;
    this.#source = source;
    this.#folder = folder;
    this.#secrets = fleetSecrets(settings);
  }

  get isDirect(): boolean {
    return this.#source.role === 'direct';
  }

  /** The settings file says this by now, and a front door runs with it. False where that is no news. */
  take(fileText: string): boolean {
    if (this.#source.fileText === fileText) return false;
    this.#accept({ ...this.#source, fileText });
    return true;
  }

  /** Throws where the settings file cannot be used, or is not for a part of the pool alone; then all stays as it was. */
  readAnew(): void {
    const before = hashClusterSettings(this.#settings);
    const source = readAnew(this.#source);
    const read = loadFrom(source);
    if (read.kind === 'valid' && hashClusterSettings(read.settings) !== before)
      throw new Error('settings of the whole pool differ: stop it, and start it anew');
    this.#accept(source);
  }

  /** Ports that were picked stay the same when it is restarted. */
  frontDoor(picked: Readonly<Record<string, number>>): Env {
    const ports = Object.entries(picked).map(([name, port]) => [
      `CT_${name.toUpperCase()}_PORT`,
      String(port),
    ]);
    const env = childEnv(this.#settings, 'proxy');
    return { ...env, ...this.#secrets, ...Object.fromEntries(ports), ...handOnSource(this.#source) };
  }

  edge(number: number): Env {
    return {
      ...childEnv(this.#settings, 'edge'),
      ...this.#secrets,
      CT_EDGE_ID: `edge-${number}`,
      CT_SERVER_URL: '',
      CT_EDGE_HOST: '127.0.0.1',
      CT_EDGE_PORT: '0',
      CT_EDGE_SOCKET: this.#folder?.pathOf(number) ?? '',
      CT_ADMIN_HOST: '127.0.0.1',
      CT_ADMIN_PORT: '0',
      CT_LOCATOR_LOCAL: 'yes',
      CT_LOCATOR: this.controlPorts
        .map((port) => `ws://${localHost(this.#settings.CT_CONTROL_HOST)}:${port}`)
        .join(','),
    };
  }

  #accept(source: SettingsSource): void {
    const result: SettingsResult = loadFrom(source);
    if (result.kind === 'invalid') throw new Error(result.faults.join('; '));
    this.#source = source;
    this.#settings = result.settings;
  }
}

/** Secrets that were not given are made once and kept in the data folder. */
function fleetSecrets(settings: Settings): Env {
  const dataDir = settings.CT_DATA_DIR;
  return {
    CT_JOIN_TOKEN: settings.CT_JOIN_TOKEN || ensureSecret(dataDir, 'join'),
    CT_SESSION_SECRET: settings.CT_SESSION_SECRET || ensureSecret(dataDir, 'session'),
    CT_ADMIN_TOKEN: settings.CT_ADMIN_TOKEN || ensureSecret(dataDir, 'admin'),
    CT_API_KEY:
      settings.CT_API_KEY || (settings.CT_LOGIN.includes('apikey') ? ensureSecret(dataDir, 'api-key') : ''),
  };
}

/** The environment of a child: everything but `CT_*` and what systemd says to its supervisor, and the effective settings of its role. */
function childEnv(settings: Settings, role: Role): Env {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(CT|LISTEN|NOTIFY|WATCHDOG)_/.test(name),
  );
  const env: Env = {};
  for (const [name, value] of inherited) if (value !== undefined) env[name] = value;
  for (const name of settingNames) {
    if (name === 'CT_SETTINGS_FILE' || !(settingsSchema[name].roles as readonly Role[]).includes(role))
      continue;
    const value = settings[name];
    env[name] = typeof value === 'object' ? value.join(',') : String(value);
  }
  return env;
}
