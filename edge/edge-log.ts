/** The log of an edge: each line names it. */
import type { EdgeId } from '#shared/ids.ts';
import { openLog } from '#shared/log.ts';
import type { HearLog, Log } from '#shared/log.ts';
import { openLogPlaces } from '#shared/log-places.ts';
import type { Settings } from '#shared/settings/schema.ts';

export function openEdgeLog(settings: Settings, id: EdgeId, hear: HearLog): Log {
  const places = openLogPlaces(settings, `edge-${id}`);
  return openLog({ level: settings.CT_LOG_LEVEL, role: 'edge', fields: { edge: id }, hear, places });
}
