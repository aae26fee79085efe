/** `mooring settings | reload`: what a running front door is set to, and taking up what its settings file says now. */
import { ask } from './admin-client.ts';
import { print, table } from './inspect.ts';
import type { InspectOptions } from './inspect.ts';

interface SettingsView {
  readonly file?: string;
  readonly settings: readonly {
    readonly name: string;
    readonly value: string;
    readonly origin: string;
    readonly isLive: boolean;
    readonly help: string;
  }[];
}

interface ReloadView {
  readonly outcome: 'applied' | 'unchanged' | 'possible' | 'restart-needed';
  readonly changes: readonly { name: string; before: string; after: string; isLive: boolean }[];
  readonly refreshed: readonly string[];
  readonly notes: readonly string[];
}

/** Certificates and other files may be read. */
const reloadMaxMs = 30_000;

export const settingsHelp = `
Secrets are masked. FROM says what gives the value: flag, environment, file, or nothing but the default. RELOAD yes:
mooring reload changes it in a front door that runs; all others need mooring restart --front-door.

Examples:
  mooring settings                       those that are not at their default
  mooring settings --all
  mooring settings CT_LOG_LEVEL CT_BACKEND
  mooring settings --json | jq '.settings[] | select(.isLive) | .name'`;

export async function showSettings(
  names: readonly string[],
  options: InspectOptions & { readonly all?: boolean },
): Promise<void> {
  const view = await ask<SettingsView>(options, '/admin/settings');
  const unknown = names.find((name) => view.settings.every((setting) => setting.name !== name));
  if (unknown !== undefined)
    throw new Error(`${unknown}: no setting of a front door (docs/config.md lists them)`);
  const isShown = ({ name, origin }: SettingsView['settings'][number]): boolean =>
    names.length > 0 ? names.includes(name) : options.all === true || origin !== 'default';
  const shown = view.settings.filter(isShown);
  print(options, { ...view, settings: shown }, () => [
    ...table([
      ['SETTING', 'FROM', 'RELOAD', 'VALUE'],
      ...shown.map(({ name, origin, isLive, value }) => [name, origin, isLive ? 'yes' : 'no', value]),
    ]),
    view.file === undefined ? 'no settings file (CT_SETTINGS_FILE)' : `settings file ${view.file}`,
  ]);
}

export const reloadHelp = `
Reads the file of CT_SETTINGS_FILE anew, judges it as a whole, and applies what differs, all of it or nothing. No
connection is touched. Flags and environment stay what they were at the start, and win over the file. Files with
certificates are followed by themselves. SIGHUP to the front door, or to mooring direct, does the same; the log has its answer.

A backend that is gone from CT_BACKEND gets no new keys and leaves when it has none any more.

Exit 0: applied, or nothing differs. Exit 1: refused, and all is as it was: faults in the file, or settings that need a
restart.

Examples:
  mooring reload --dry-run                  what would change, and whether a restart would be needed
  mooring reload
  mooring reload --admin http://front-2:1090`;

export async function reload(options: InspectOptions & { readonly dryRun?: boolean }): Promise<void> {
  const body = { dryRun: options.dryRun === true };
  const view = await ask<ReloadView>(options, '/admin/reload', { body, maxMs: reloadMaxMs });
  print(options, view, () => [
    ...view.changes.map(
      ({ name, before, after, isLive }) =>
        `${name}: ${before || '(empty)'} -> ${after || '(empty)'}${isLive ? '' : '   needs a restart'}`,
    ),
    ...view.refreshed.map((part) => `${part}: taken up`),
    ...view.notes.map((note) => `note: ${note}`),
    outcomes[view.outcome],
  ]);
  if (view.outcome === 'restart-needed') process.exitCode = 1;
}

const outcomes: Readonly<Record<ReloadView['outcome'], string>> = {
  applied: 'applied',
  unchanged: 'nothing differs',
  possible: 'valid; nothing was applied',
  'restart-needed': 'valid, but refused without a restart: mooring restart --front-door',
};
