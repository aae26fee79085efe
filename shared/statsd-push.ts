/**
 * Tells a StatsD server the metrics at an interval: gauges as they are, counters by what they rose, histograms by their count
 * and sum. A server that is away costs nothing but its figures.
 */
import { setInterval as every } from 'node:timers/promises';
import type { StatsD } from 'hot-shots';
import type { Log } from './log.ts';
import type { MetricReading } from './metrics.ts';
import type { StatsdTarget } from './statsd-target.ts';

interface PushOptions {
  /** Who tells: what others tell, too, must not be taken for this. */
  readonly instance: string;
  readonly read: () => Promise<readonly MetricReading[]>;
  /** Looked at each time; undefined: nobody is told. */
  readonly target: () => StatsdTarget | undefined;
  readonly intervalMs: number;
  readonly log: Log;
}

/** In one datagram: below what a path carries in one piece nearly everywhere. */
const datagramMaxBytes = 1_400;

export class StatsdPush {
  readonly #options: PushOptions;
  readonly #before = new Map<string, number>();
  readonly #stopping = new AbortController();
  #client: StatsD | undefined;
  #address = '';
  /** Nobody was told the last time: counters begin with what they are now. */
  #isLate = false;
  #isFailing = false;
  #hasFailed = false;

  constructor(options: PushOptions) {
    this.#options = options;
  }

  /** Runs until it is stopped. */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      for await (const _ of every(this.#options.intervalMs, undefined, { signal, ref: false }))
        await this.#tell();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Tells what is new for the last time. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    await this.#tell();
    this.#close();
  }

  async #tell(): Promise<void> {
    if (!this.#hasFailed) this.#isFailing = false;
    this.#hasFailed = false;
    try {
      const target = this.#options.target();
      if (this.#isStuck()) {
        this.#close();
        this.#address = '';
        throw new Error('the StatsD server takes nothing');
      }
      await this.#connect(target);
      // Who is told later does not get what was long before.
      if (target === undefined) {
        this.#isLate = true;
        return;
      }
      for (const reading of await this.#options.read()) this.#tellOne(reading, target);
      this.#isLate = false;
    } catch (error) {
      this.#fail(error);
    }
  }

  #tellOne({ name, isGauge, labels, value }: MetricReading, target: StatsdTarget): void {
    if (!Number.isFinite(value) || name.endsWith('_bucket')) return;
    const id = `${name} ${JSON.stringify(labels)}`;
    const rise = value - (this.#before.get(id) ?? 0);
    if (!isGauge) this.#before.set(id, value);
    if (this.#client === undefined || (!isGauge && (rise === 0 || this.#isLate))) return;
    const tags = Object.fromEntries(Object.entries(labels).map(([label, text]) => [label, String(text)]));
    const isNamed = target.labels === 'name';
    // Of the whole pool all front doors say the same.
    const instance = name.startsWith('ct_pool_') ? {} : { instance: this.#options.instance };
    const stat = isNamed
      ? [...Object.values(instance), name, ...Object.values(tags)].map(partOf).join('.')
      : name;
    if (isGauge) this.#client.gauge(stat, value, isNamed ? {} : { ...instance, ...tags });
    else this.#client.increment(stat, rise, isNamed ? {} : { ...instance, ...tags });
  }

  async #connect(target: StatsdTarget | undefined): Promise<void> {
    const address = JSON.stringify(target);
    // Most processes tell nobody, and load nothing for it.
    const library = target === undefined || address === this.#address ? undefined : await import('hot-shots');
    if (address === this.#address) return;
    this.#close();
    this.#address = address;
    if (target === undefined || library === undefined) return;
    const { host, port, protocol, prefix, labels, tags } = target;
    this.#client = new library.StatsD({
      host,
      port,
      protocol,
      prefix,
      telegraf: labels === 'telegraf',
      globalTags: labels === 'name' ? [] : [...tags],
      maxBufferSize: datagramMaxBytes,
      cacheDns: true,
      includeDataDogTags: false,
      tcpGracefulErrorHandling: true,
      errorHandler: (error) => this.#fail(error),
    });
  }

  /** Over TCP what a server does not take would be held without end. */
  #isStuck(): boolean {
    // A property that the library's types do not have.
    return this.#client !== undefined && Number(Reflect.get(this.#client, 'messagesInFlight')) > 0;
  }

  #close(): void {
    this.#client?.close(() => undefined);
    this.#client = undefined;
  }

  /** One line for as long as it takes. */
  #fail(error: unknown): void {
    if (!this.#isFailing) this.#options.log.warn('statsd.failed', { error });
    this.#isFailing = true;
    this.#hasFailed = true;
  }
}

/** A label as part of a dotted name. */
function partOf(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_-]+/g, '_') || '_';
}
