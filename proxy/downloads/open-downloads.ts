/** Downloads as the front door has them: with its settings, and what is told of them. */
import type { Banner } from '#shared/banner.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { Download, HistoryTeller } from '../history/history.ts';
import { Downloads } from './downloads.ts';

/** Whoever fills the folder with versions must fill neither the monitoring system nor the history. */
const versionsMax = 100;

export function openDownloads(options: {
  settings: Settings;
  history: HistoryTeller;
  banner: () => Banner | undefined;
}): Downloads {
  const { settings, history, banner } = options;
  const seen = new Set<string>();
  const count = (download: Download): void => {
    const name = `${download.client} ${download.version}`;
    if (seen.size < versionsMax) seen.add(name);
    const version = seen.has(name) ? download.version : 'other';
    history.countDownload({ ...download, version });
  };
  return new Downloads({ settings, banner, count, nowMs: () => performance.now() });
}
