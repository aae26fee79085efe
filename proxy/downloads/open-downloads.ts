/** Downloads as the front door has them: with its settings, and what is told of them. */
import type { Settings } from '#shared/settings/schema.ts';
import type { Download, HistoryTeller } from '../history/history.ts';
import { Downloads } from './downloads.ts';

/** Whoever fills the folder with versions must fill neither the monitoring system nor the history. */
const versionsMax = 100;

export function openDownloads(settings: Settings, history: HistoryTeller): Downloads {
  const seen = new Set<string>();
  const count = (download: Download): void => {
    const name = `${download.client} ${download.version}`;
    if (seen.size < versionsMax) seen.add(name);
    const version = seen.has(name) ? download.version : 'other';
    history.countDownload({ ...download, version });
  };
  return new Downloads({ settings, count, nowMs: () => performance.now() });
}
