/** The front door's side of the history: tells what it saw itself, and answers what is asked. */
import type { Metrics } from '#shared/metrics.ts';
import { emptyHistory } from './empty-history.ts';
import type { Download, HistoryAsker, HistoryTeller } from './history.ts';

export class FrontHistory implements HistoryTeller {
  readonly asker: HistoryAsker = emptyHistory(Date.now);
  /** Since the last look. */
  #downloads: Download[] = [];

  countDownload(download: Download): void {
    this.#downloads.push(download);
  }

  setGauges(metrics: Metrics): void {
    for (const { client, version } of this.#downloads)
      metrics.count('ct_pool_client_downloads_total', { client, version });
    this.#downloads = [];
  }
}
