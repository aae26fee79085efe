/** The admin API for settings: what `mooring settings | reload` ask for. */
import { namesOf, showValue } from '#shared/settings/show.ts';
import { loadFrom, settingsFileOf } from '#shared/settings/source.ts';
import { settingsSchema } from '#shared/settings/schema.ts';
import type { Setting, Settings } from '#shared/settings/schema.ts';
import type { Reloads } from '../reload/reloads.ts';
import type { AdminTable } from './admin-table.ts';
import type { Handlers } from './operation.ts';

export function settingsHandlers(
  settings: Settings,
  reloads: Reloads,
): Handlers<AdminTable, 'settings' | 'reload'> {
  return {
    settings: () => {
      const { source } = reloads;
      const read = loadFrom(source);
      const file = settingsFileOf(source);
      return {
        ...(file === undefined ? {} : { file }),
        settings: namesOf('proxy').map((name) => {
          const { live, help }: Setting = settingsSchema[name];
          const origin = read.kind === 'valid' ? read.origins[name] : 'default';
          return { name, value: showValue(name, settings), origin, isLive: live === true, help };
        }),
      };
    },
    reload: async ({ body: { dryRun }, caller, note }) => {
      note({ subject: 'settings', after: dryRun ? 'dry run' : 'reload' });
      const report = await reloads.run({ dryRun, caller });
      const names = report.changes.map(({ name }) => name).join(' ') || 'none';
      note({ after: `${report.outcome}, changed: ${names}` });
      return report;
    },
  };
}
