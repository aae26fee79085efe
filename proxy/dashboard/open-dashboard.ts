/** The dashboard, put together. */
import type { Log } from '#shared/log.ts';
import type { FrontJournal } from '../journal/front-journal.ts';
import type { Locator } from '../locator.ts';
import { BuiltPages } from './built-pages.ts';
import { Dashboard } from './dashboard.ts';
import { LiveStream } from './live/live-stream.ts';
import { PoolWatch } from './live/pool-watch.ts';

export function openDashboard({
  locator,
  journal,
  log,
  signal,
}: {
  locator: Locator;
  journal: FrontJournal;
  log: Log;
  signal: AbortSignal;
}): Dashboard {
  const pages = new BuiltPages();
  if (!pages.isBuilt) log.warn('dashboard.not-built');
  const watch = new PoolWatch({
    ...locator,
    people: () => journal.peopleOnline,
    banner: () => locator.poolSettings.shownBanner(Date.now()),
    log,
    nowMs: () => performance.now(),
  });
  return new Dashboard({ pages, stream: new LiveStream({ watch, signal }) });
}
