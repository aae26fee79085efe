/** Settings of what is remembered of the pool's use over days. */
import { all, front } from './setting.ts';
import type { Setting } from './setting.ts';

export const historySettings = {
  CT_TIME_ZONE: {
    type: 'text',
    default: 'UTC',
    faultOf: (zone) => (isTimeZone(zone) ? undefined : `"${zone}" is no time zone, as Europe/Berlin is one`),
    roles: all,
    scope: 'process',
    help: 'Time zone in which the days of the history begin and end, of times in the log, and of CT_AUTO_RESTART_CRON_PATTERN; equal on all members of a pool.',
  },
  CT_HISTORY_KEEP_DAYS: {
    type: 'integer',
    unit: 'days',
    default: 400,
    min: 1,
    max: 3_650,
    roles: front,
    scope: 'process',
    live: true,
    help: 'Figures of days (sessions, peaks, people, clients, downloads) are removed after so long.',
  },
} as const satisfies Record<string, Setting>;

function isTimeZone(zone: string): boolean {
  // The first question about any other one costs 25 ms.
  if (zone === 'UTC') return true;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
