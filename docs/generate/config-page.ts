/** `docs/config.md`: every setting of the schema, grouped as the schema's files group them. */
import { dashboardSettings } from '#shared/settings/dashboard-settings.ts';
import { downloadSettings } from '#shared/settings/download-settings.ts';
import { engineSettings } from '#shared/settings/engine-settings.ts';
import { fleetSettings } from '#shared/settings/fleet-settings.ts';
import { frontSettings } from '#shared/settings/front-settings.ts';
import { historySettings } from '#shared/settings/history-settings.ts';
import { registrySettings } from '#shared/settings/registry-settings.ts';
import { metricSettings } from '#shared/settings/metric-settings.ts';
import { licenceSettings } from '#shared/settings/licence-settings.ts';
import { serviceSettings } from '#shared/settings/service-settings.ts';
import { logSettings } from '#shared/settings/log-settings.ts';
import { requestSettings } from '#shared/settings/request-settings.ts';
import { flagOf } from '#shared/settings/load.ts';
import { limitSettings } from '#shared/settings/limit-settings.ts';
import { ssoSettings } from '#shared/settings/sso-settings.ts';
import { settingsSchema } from '#shared/settings/schema.ts';
import { storeSettings } from '#shared/settings/store-settings.ts';
import { tlsSettings } from '#shared/settings/tls-settings.ts';
import type { Setting } from '#shared/settings/schema.ts';
import { code, renderTable } from './markdown-table.ts';

type Group = Readonly<Record<string, Setting>>;

const groups: readonly { title: string; settings: Group }[] = [
  { title: 'Every role', settings: fleetSettings },
  { title: 'Log', settings: logSettings },
  { title: 'Front door', settings: frontSettings },
  { title: 'Limits and proxies in front', settings: limitSettings },
  { title: 'Front door: requests that are let in', settings: requestSettings },
  { title: 'TLS to clients', settings: tlsSettings },
  { title: 'Dashboard', settings: dashboardSettings },
  { title: 'Single sign-on', settings: ssoSettings },
  { title: 'Metrics', settings: metricSettings },
  { title: 'History', settings: historySettings },
  { title: 'Downloads of clients', settings: downloadSettings },
  { title: 'Versions', settings: registrySettings },
  { title: 'Licence', settings: licenceSettings },
  { title: 'Service', settings: serviceSettings },
  { title: 'Session engine', settings: engineSettings },
  { title: 'Database server', settings: storeSettings },
];

const intro = `# Settings

A setting is given as a flag, as an environment variable, or as a line \`NAME=value\` of the file that
\`CT_SETTINGS_FILE\` names; the first of these that gives it wins. An unknown \`CT_*\` name stops the start.
\`mooring check\` prints the effective settings.

**Roles** are the commands that read the setting. **Scope** \`cluster\` means that the value must be equal on all
members: an edge whose value differs may not join. **Scope** \`process\` means that it may differ. **Reload** yes: \`mooring reload\`
changes it in a front door that runs, for what begins afterwards; all others need a restart.`;

export function renderConfigPage(): string {
  assertEverySettingHasGroup();
  const sections = groups.map(({ title, settings }) => `## ${title}\n\n${renderGroup(settings)}`);
  return [intro, ...sections].join('\n\n');
}

/** A group added to the schema alone would be missing from the page without a word. */
function assertEverySettingHasGroup(): void {
  const grouped = new Set(groups.flatMap(({ settings }) => Object.keys(settings)));
  const missing = Object.keys(settingsSchema).filter((name) => !grouped.has(name));
  if (missing.length > 0) throw new Error(`settings without a group on the page: ${missing.join(', ')}`);
}

function renderGroup(settings: Group): string {
  const head = ['Variable', 'Flag', 'Unit', 'Default', 'Bounds', 'Roles', 'Scope', 'Reload', 'Meaning'];
  const rows = Object.entries(settings).map(([name, setting]) => [
    code(name),
    code(flagOf(name)),
    setting.type === 'integer' ? setting.unit : setting.type,
    code(String(setting.default)),
    describeBounds(setting),
    setting.roles.join(', '),
    setting.scope,
    setting.live === true ? 'yes' : '',
    setting.help,
  ]);
  return renderTable(head, rows);
}

function describeBounds(setting: Setting): string {
  switch (setting.type) {
    case 'integer':
      return `${setting.min} to ${setting.max}`;
    case 'choice':
      return setting.choices.map(code).join(', ');
    case 'list':
      return [`each item: ${setting.itemHelp}`, ...describeNeed(setting.requiredIn)].join('; ');
    case 'text':
      return [
        ...(setting.minLength === undefined ? [] : [`${setting.minLength} characters or more`]),
        ...(setting.secret === true ? ['secret'] : []),
        ...describeNeed(setting.requiredIn),
      ].join('; ');
  }
}

function describeNeed(roles: readonly string[] | undefined): string[] {
  return roles === undefined ? [] : [`required: ${roles.join(', ')}`];
}
