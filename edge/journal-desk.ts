/**
 * The edge's side of the journal: what its log tells of sessions and members, and a sample of its use each minute, on the way to a
 * front door over the control connection, told again until one says that it is stored.
 */
import { randomUUID } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as deadline } from 'node:timers';
import type { EdgeMessage } from '#shared/control-protocol.ts';
import { deriveFleetSecrets } from '#shared/fleet-secrets.ts';
import type { EdgeId } from '#shared/ids.ts';
import { Courier } from '#shared/journal/courier.ts';
import type { JournalRecord } from '#shared/journal/journal-record.ts';
import { JournalRecorder } from '#shared/journal/recorder.ts';
import { Spool } from '#shared/journal/spool.ts';
import type { Log } from '#shared/log.ts';
import { eventLoopLookMs } from '#shared/metrics.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { AdapterLoad } from './adapter.ts';

const sampleIntervalMs = 60_000;
/** A front door whose store hangs says nothing: another one may be better off. */
const takenMaxMs = 5_000;
/** Of a planned stop, for the last entries to arrive; the rest does after the next start. */
const stopMaxMs = 1_000;
const nanosecondsPerMs = 1e6;

interface Members {
  readonly incarnation: number | undefined;
  /** False where no front door is connected. */
  tellOne(message: EdgeMessage, turn: number): boolean;
}

export class JournalDesk {
  readonly #spool: Spool;
  readonly #recorder: JournalRecorder;
  readonly #delay = monitorEventLoopDelay({ resolution: eventLoopLookMs });
  readonly #taken = new Map<number, () => void>();
  #members: Members | undefined;
  #courier: Courier | undefined;
  #sampling: NodeJS.Timeout | undefined;
  #load: (() => AdapterLoad) | undefined;
  #batch = 0;
  #before = { messages: 0, bytes: 0 };

  /** Takes along what an earlier life of the edge could not tell; rejects where the data folder cannot be written. */
  static async open(settings: Settings, id: EdgeId): Promise<JournalDesk> {
    const bootId = randomUUID();
    const spool = await Spool.open({ folder: settings.CT_DATA_DIR, name: id, bootId });
    return new JournalDesk(spool, { bootId, id, settings });
  }

  private constructor(
    spool: Spool,
    { bootId, id, settings }: { bootId: string; id: EdgeId; settings: Settings },
  ) {
    this.#spool = spool;
    this.#recorder = new JournalRecorder({
      origin: id,
      bootId,
      secrets: deriveFleetSecrets(settings.CT_JOIN_TOKEN),
      incarnation: () => this.#members?.incarnation ?? 0,
      wallMs: Date.now,
      add: (record) => spool.add(record),
    });
  }

  /** For the log: what it says goes into the journal, too. */
  get hear(): JournalRecorder['hear'] {
    return this.#recorder.hear;
  }

  start({ members, load, log }: { members: Members; load: () => AdapterLoad; log: Log }): void {
    this.#members = members;
    this.#load = load;
    this.#delay.enable();
    const deliver = async (records: readonly JournalRecord[]): Promise<void> => await this.#deliver(records);
    this.#courier = new Courier({ spool: this.#spool, deliver, log, random: Math.random });
    this.#sampling = setInterval(() => this.#sample(), sampleIntervalMs).unref();
  }

  /** The word of a front door. */
  taken(batch: number): void {
    this.#taken.get(batch)?.();
  }

  setGauges(metrics: Metrics): void {
    metrics.set('ct_edge_journal_waiting', this.#spool.waiting);
    metrics.set('ct_edge_journal_dropped', this.#spool.dropped);
  }

  /** To be called while front doors can still be told. */
  async stop(): Promise<void> {
    clearInterval(this.#sampling);
    // Of the part of a minute that was.
    this.#sample();
    this.#delay.disable();
    await this.#courier?.stop(stopMaxMs);
    await this.#spool.close();
  }

  async #deliver(records: readonly JournalRecord[]): Promise<void> {
    const batch = ++this.#batch;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = deadline(() => reject(new Error('no front door has taken the records')), takenMaxMs);
    this.#taken.set(batch, resolve);
    const isTold = this.#members!.tellOne({ type: 'journal', batch, records: [...records] }, batch);
    if (!isTold) reject(new Error('no front door is connected'));
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#taken.delete(batch);
    }
  }

  #sample(): void {
    if (this.#load === undefined) return;
    const { users, sessions, websockets, pollings, messages, bytes } = this.#load();
    const lag = this.#delay.percentile(99) / nanosecondsPerMs - eventLoopLookMs;
    this.#recorder.sample({
      users,
      sessions,
      connections: websockets + pollings,
      messages: messages - this.#before.messages,
      bytes: bytes - this.#before.bytes,
      lagMs: Number.isFinite(lag) ? Math.max(0, lag) : 0,
      rssBytes: process.memoryUsage.rss(),
    });
    this.#before = { messages, bytes };
    this.#delay.reset();
  }
}
