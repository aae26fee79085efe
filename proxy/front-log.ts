/** The log of a front door: what happens, and apart from it a line for each exchange. */
import { openLog } from '#shared/log.ts';
import type { HearLog, Log } from '#shared/log.ts';
import { openLogPlaces } from '#shared/log-places.ts';
import type { Settings } from '#shared/settings/schema.ts';

export function openFrontLog(settings: Settings, hear: HearLog): Log {
  const places = openLogPlaces(settings, 'server', true);
  return openLog({ level: settings.CT_LOG_LEVEL, role: 'proxy', hear, places });
}
