/** Downloads as the front door has them: with its settings, and what is told of them. */
import type { Banner } from '#shared/banner.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { HistoryTeller } from '../history/history.ts';
import { Downloads } from './downloads.ts';

export function openDownloads(options: {
  settings: Settings;
  history: HistoryTeller;
  banner: () => Banner | undefined;
}): Downloads {
  const { settings, history, banner } = options;
  return new Downloads({
    settings,
    banner,
    count: (download) => history.countDownload(download),
    nowMs: () => performance.now(),
    wallMs: () => Date.now(),
  });
}
