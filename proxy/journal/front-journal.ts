/**
 * The front door's side of the journal: keeps what edges bring, and what it has to tell itself, which waits in the data folder
 * while the store is away; removes what is old.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setInterval as every } from 'node:timers/promises';
import { hashKeyForLog } from '#shared/fleet-secrets.ts';
import type { FleetSecrets } from '#shared/fleet-secrets.ts';
import type { AffinityKey } from '#shared/ids.ts';
import { Courier } from '#shared/journal/courier.ts';
import type { JournalRecord } from '#shared/journal/journal-record.ts';
import { JournalRecorder } from '#shared/journal/recorder.ts';
import { Spool } from '#shared/journal/spool.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { EdgeRef } from '../directory/directory.ts';
import { FrontHistory } from '../history/front-history.ts';
import { HistoryFiles } from '../history/history-files.ts';
import type { EdgePool } from '../membership/pool.ts';
import { PeopleOnline } from '../people-online.ts';
import { poolFigures } from '../pool-metrics.ts';
import type { JournalStore, KeepRule } from './journal-store.ts';
import { openJournalStore } from './open-journal.ts';

const msPerDay = 86_400_000;
const sweepIntervalMs = 600_000;
/** Records that go in one transaction. */
const sweepChunk = 1_000;
const stopMaxMs = 1_000;

interface JournalStart {
  readonly settings: Settings;
  readonly pool: EdgePool;
  readonly log: Log;
  readonly signal: AbortSignal;
}

interface JournalParts {
  readonly store: JournalStore;
  readonly spool: Spool;
  readonly recorder: JournalRecorder;
  readonly history: FrontHistory;
  readonly secrets: FleetSecrets;
}

export class FrontJournal {
  readonly store: JournalStore;
  readonly history: FrontHistory;
  readonly #spool: Spool;
  readonly #recorder: JournalRecorder;
  readonly #secrets: FleetSecrets;
  #courier: Courier | undefined;
  #files: HistoryFiles | undefined;
  #log: Log | undefined;
  #people: PeopleOnline | undefined;
  /** Since the last look. */
  #sessionsHosted = 0;

  /** Rejects with the reason where the store or the data folder cannot be used. */
  static async open(settings: Settings, secrets: FleetSecrets): Promise<FrontJournal> {
    const bootId = randomUUID();
    const store = await openJournalStore(settings);
    const spool = await Spool.open({ folder: settings.CT_DATA_DIR, name: 'front', bootId });
    const recorder = new JournalRecorder({
      origin: `front:${hostname()}`,
      bootId,
      secrets,
      incarnation: () => 0,
      wallMs: Date.now,
      add: (record) => spool.add(record),
    });
    const history = new FrontHistory({ store, recorder, timeZone: settings.CT_TIME_ZONE });
    return new FrontJournal({ store, spool, recorder, history, secrets });
  }

  private constructor({ store, spool, recorder, history, secrets }: JournalParts) {
    this.#secrets = secrets;
    this.store = store;
    this.history = history;
    this.#spool = spool;
    this.#recorder = recorder;
  }

  /** For the log: what it says goes into the journal, too. */
  get hear(): JournalRecorder['hear'] {
    return this.#recorder.hear;
  }

  /** Different people in sessions of the whole pool; undefined where that is not known. */
  get peopleOnline(): number | undefined {
    return this.#people?.known;
  }

  start({ settings, pool, log, signal }: JournalStart): void {
    this.#log = log;
    const deliver = async (records: readonly JournalRecord[]): Promise<void> => await this.#store(records);
    this.#courier = new Courier({ spool: this.#spool, deliver, log, random: Math.random });
    this.#files = HistoryFiles.open({
      settings,
      onDropped: (file, lines, cause) => log.warn('log.dropped', { log: file, lines, cause }),
    });
    const nowMs = (): number => performance.now();
    this.#people = new PeopleOnline({
      history: this.history.asker,
      isAnybodyThere: () => poolFigures(pool.list(nowMs())).users > 0,
      nowMs,
      signal,
    });
    this.history.start({
      figures: () => poolFigures(pool.list(nowMs()), this.peopleOnline),
      files: this.#files,
      signal,
    });
    void this.#sweep({ settings, log, signal });
  }

  /** What an edge brings; resolves true when it is stored. An edge speaks for itself alone. */
  async take(edge: EdgeRef, records: readonly JournalRecord[]): Promise<boolean> {
    // What a front door sees of the whole pool is none of an edge's business.
    const own = records.filter(({ kind }) => kind === 'entry' || kind === 'usage');
    return await this.#store(own.map((record) => ({ ...record, origin: edge.id }))).then(
      () => true,
      // It comes again, and the courier of this front door tells that its store does not answer.
      () => false,
    );
  }

  async #store(records: readonly JournalRecord[]): Promise<void> {
    const { fresh, ended } = await this.store.append(records);
    this.#files?.addRecords(fresh);
    this.#files?.addEnded(ended);
    this.#sessionsHosted += fresh.filter(
      (record) => record.kind === 'entry' && record.event === 'session.created',
    ).length;
  }

  /** Keys whose pins were removed: sessions whose end nobody could tell are over. */
  readonly noteGone = async (keys: readonly AffinityKey[]): Promise<void> => {
    if (keys.length === 0) return;
    const hashes = keys.map((key) => hashKeyForLog(this.#secrets, key));
    try {
      this.#files?.addEnded(await this.store.endSessions(hashes));
    } catch (error) {
      this.#log?.warn('journal.failed', { error });
    }
  };

  setGauges(metrics: Metrics): void {
    metrics.count('ct_pool_sessions_hosted_total', {}, this.#sessionsHosted);
    this.#sessionsHosted = 0;
    this.history.setGauges(metrics);
    metrics.set('ct_proxy_journal_waiting', this.#spool.waiting);
    metrics.set('ct_proxy_journal_dropped', this.#spool.dropped);
  }

  async close(): Promise<void> {
    this.history.tellDownloads();
    await this.#courier?.stop(stopMaxMs);
    await this.#spool.close();
    await this.#files?.flush();
    await this.store.close();
  }

  async #sweep({ settings, log, signal }: Omit<JournalStart, 'pool'>): Promise<void> {
    try {
      for await (const _ of every(sweepIntervalMs, undefined, { signal, ref: false })) {
        const rule = {
          auditKeepMs: settings.CT_AUDIT_KEEP_DAYS * msPerDay,
          usageKeepMs: settings.CT_USAGE_KEEP_DAYS * msPerDay,
          historyKeepMs: settings.CT_HISTORY_KEEP_DAYS * msPerDay,
          limit: sweepChunk,
        };
        try {
          while (!signal.aborted && (await this.#removeOld(rule)) >= sweepChunk);
        } catch (error) {
          log.warn('journal.failed', { error });
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #removeOld(rule: KeepRule): Promise<number> {
    const { removed, ended } = await this.store.removeOld(rule);
    this.#files?.addEnded(ended);
    return removed;
  }
}
