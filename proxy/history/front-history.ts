/**
 * The front door's side of the history: tells through the journal how many were connected at once, how late edges were and what was downloaded
 * here, so that it waits in the spool while the store is away; and answers what is asked.
 */
import type { JournalRecorder } from '#shared/journal/recorder.ts';
import type { Metrics } from '#shared/metrics.ts';
import { readWorker } from '#shared/siblings.ts';
import type { JournalStore } from '../journal/journal-store.ts';
import type { PoolFigures } from '../pool-metrics.ts';
import { askHistory } from './ask-history.ts';
import type { HistoryFiles } from './history-files.ts';
import type { Download, HistoryAsker, HistoryTeller } from './history.ts';

const lookIntervalMs = 1_000;
/** Of `usage.log`. */
const lineIntervalMs = 300_000;
/** Looks that go into one sample, unless a peak is told before. */
const looksPerSample = 60;
/** A peak is told at most so often. */
const looksPerPeak = 5;
/** Whoever fills the folder with versions must not fill the monitoring system. */
const measuredMax = 100;

interface FrontHistoryOptions {
  readonly store: JournalStore;
  readonly recorder: JournalRecorder;
  readonly timeZone: string;
}

type Named = Pick<Download, 'client' | 'version'>;
type DownloadCounts = Map<string, { client: string; version: string; count: number }>;

interface HistoryStart {
  readonly figures: () => PoolFigures;
  readonly files: HistoryFiles | undefined;
  readonly signal: AbortSignal;
}

export class FrontHistory implements HistoryTeller {
  readonly asker: HistoryAsker;
  readonly #recorder: JournalRecorder;
  /** Since the last look. */
  readonly #downloads: DownloadCounts = new Map();
  /** Since the metrics were brought up to date. */
  readonly #unmeasured: DownloadCounts = new Map();
  /** Clients and versions that the metrics have. */
  readonly #measured = new Set<string>();
  #looks = 0;
  #lagSumMs = 0;
  #peak = 0;
  /** Peak that is told already. */
  #toldPeak = 0;
  #files: HistoryFiles | undefined;
  /** Since the last line of usage. */
  #linePeak = 0;
  #lineDueMs = nextLineMs(Date.now());

  constructor({ store, recorder, timeZone }: FrontHistoryOptions) {
    this.#recorder = recorder;
    this.asker = askHistory(store, timeZone, Date.now);
  }

  /** Looks at the pool each second, until the signal aborts: a retired front door sees no edges any more. */
  start({ figures, files, signal }: HistoryStart): void {
    this.#files = files;
    const looking = setInterval(() => this.#look(figures()), lookIntervalMs).unref();
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(looking);
        this.#look(figures());
        this.#tell();
        this.#writeUsage(figures());
      },
      { once: true },
    );
  }

  countDownload(download: Download): void {
    countIn(this.#downloads, download);
    countIn(this.#unmeasured, this.#measurable(download));
    this.#files?.addDownload(download, Date.now());
  }

  setGauges(metrics: Metrics): void {
    for (const { client, version, count } of this.#unmeasured.values())
      metrics.count('ct_pool_client_downloads_total', { client, version }, count);
    this.#unmeasured.clear();
  }

  #measurable({ client, version }: Named): Named {
    const id = idOf({ client, version });
    if (this.#measured.size < measuredMax) this.#measured.add(id);
    return { client, version: this.#measured.has(id) ? version : 'other' };
  }

  #look(figures: PoolFigures): void {
    const { connections, lagMs } = figures;
    this.#linePeak = Math.max(this.#linePeak, connections);
    if (Date.now() >= this.#lineDueMs) this.#writeUsage(figures);
    this.#looks++;
    this.#lagSumMs += lagMs;
    this.#peak = Math.max(this.#peak, connections);
    const isNews = this.#peak > this.#toldPeak && this.#looks >= looksPerPeak;
    if (isNews || this.#looks >= looksPerSample) this.#tell();
    this.tellDownloads();
  }

  #tell(): void {
    if (this.#looks === 0) return;
    this.#recorder.tellPool({ peakConnections: this.#peak, lagMs: this.#lagSumMs / this.#looks });
    // The next day has a peak of its own: what is told is that of this sample, lower than one before or not.
    this.#toldPeak = this.#peak;
    this.#looks = 0;
    this.#lagSumMs = 0;
    this.#peak = 0;
  }

  #writeUsage(figures: PoolFigures): void {
    const nowMs = Date.now();
    if (readWorker().number === 1)
      this.#files?.addUsage({ ...figures, peakConnections: this.#linePeak }, nowMs);
    this.#linePeak = 0;
    this.#lineDueMs = nextLineMs(nowMs);
  }

  /** Of what has ended since the last look; at the end there is none any more. */
  tellDownloads(): void {
    for (const download of this.#downloads.values()) this.#recorder.tellDownload(download);
    this.#downloads.clear();
  }
}

/** At 12:00, 12:05 and so on. */
function nextLineMs(nowMs: number): number {
  return (Math.floor(nowMs / lineIntervalMs) + 1) * lineIntervalMs;
}

function idOf({ client, version }: Named): string {
  return `${client}\n${version}`;
}

function countIn(counts: DownloadCounts, { client, version }: Named): void {
  const id = idOf({ client, version });
  const known = counts.get(id);
  if (known === undefined) counts.set(id, { client, version, count: 1 });
  else known.count++;
}
