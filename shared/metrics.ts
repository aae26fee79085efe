/** The metrics of `metric-table.ts`, with one registry per process. */
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { Metric } from 'prom-client';
import { Histogram } from './histogram.ts';
import type { Observations } from './histogram.ts';
import { metricTable, seconds } from './metric-table.ts';
import type { MetricEntry, MetricName } from './metric-table.ts';

type Labels = Readonly<Record<string, string>>;

/**
 * One counter or gauge with its labels, for hot paths: adding is adding to a number. The library, which hashes the labels
 * each time, gets the sum when the metrics are rendered.
 */
export class BoundMetric {
  readonly #metric: Counter | Gauge;
  readonly #labels: Labels;
  #sum = 0;

  constructor(metric: Counter | Gauge, labels: Labels) {
    this.#metric = metric;
    this.#labels = labels;
  }

  add(by: number): void {
    this.#sum += by;
  }

  handOver(): void {
    this.#metric.inc(this.#labels, this.#sum);
    this.#sum = 0;
  }
}

export interface MetricReading {
  readonly name: string;
  /** Otherwise it only rises. */
  readonly isGauge: boolean;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

interface RegistryMetric {
  readonly name: string;
  readonly type: string;
  readonly values: readonly {
    readonly metricName?: string;
    readonly labels?: MetricReading['labels'];
    readonly value: number;
  }[];
}

/** Between two looks at how late the event loop is. At the library's own 10 ms an idle front door did little else. */
export const eventLoopLookMs = 50;
/** The library's gauges with names of counters; what they add up is there by kind. */
const misnamed = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);

/** The metrics of one process; wrong names do not compile. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #metrics = new Map<MetricName, Counter | Gauge | Histogram>();
  readonly #bound: BoundMetric[] = [];

  /** A front door knows what the whole pool does. */
  constructor(prefix: 'ct_proxy_' | 'ct_edge_') {
    const prefixes = prefix === 'ct_proxy_' ? [prefix, 'ct_pool_'] : [prefix];
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: eventLoopLookMs });
    for (const name of misnamed) this.#registry.removeSingleMetric(name);
    for (const [name, entry] of Object.entries(metricTable) as [MetricName, MetricEntry][]) {
      if (prefixes.some((own) => name.startsWith(own)))
        this.#metrics.set(name, createMetric(name, entry, this.#registry));
    }
  }

  /** Throws for a histogram, which has a way of its own. */
  bind(name: MetricName, labels: Labels = {}): BoundMetric {
    const metric = this.#metrics.get(name);
    if (!(metric instanceof Counter || metric instanceof Gauge)) throw new Error(`${name} cannot be bound`);
    const bound = new BoundMetric(metric, labels);
    this.#bound.push(bound);
    return bound;
  }

  bindHistogram(name: MetricName, labels: Labels = {}): Observations {
    const metric = this.#metrics.get(name);
    if (!(metric instanceof Histogram)) throw new Error(`${name} is no histogram`);
    return metric.bind(labels);
  }

  count(name: MetricName, labels: Labels = {}, by = 1): void {
    const metric = this.#metrics.get(name);
    if (metric instanceof Counter) metric.inc(labels, by);
  }

  set(name: MetricName, value: number, labels: Labels = {}): void {
    const metric = this.#metrics.get(name);
    if (metric instanceof Gauge) metric.set(labels, value);
  }

  add(name: MetricName, by: number, labels: Labels = {}): void {
    const metric = this.#metrics.get(name);
    if (metric instanceof Gauge) metric.inc(labels, by);
  }

  observe(name: MetricName, value: number, labels: Labels = {}): void {
    const metric = this.#metrics.get(name);
    if (metric instanceof Histogram) metric.bind(labels).observe(value);
  }

  /** Forgets all values of a gauge, before it is set anew from a list. */
  reset(name: MetricName): void {
    const metric = this.#metrics.get(name);
    if (metric instanceof Gauge) metric.reset();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Every value as it is now. */
  async read(): Promise<readonly MetricReading[]> {
    for (const bound of this.#bound) bound.handOver();
    const all = (await this.#registry.getMetricsAsJSON()) as unknown as readonly RegistryMetric[];
    return all.flatMap(({ name, type, values }) =>
      values.map(({ metricName = name, labels, value }) => {
        const isGauge = type === 'gauge' || type === 'summary';
        return { name: metricName, isGauge, labels: labels ?? {}, value };
      }),
    );
  }

  /** The Prometheus text format. */
  async render(): Promise<string> {
    for (const bound of this.#bound) bound.handOver();
    return await this.#registry.metrics();
  }
}

function createMetric(name: string, entry: MetricEntry, registry: Registry): Counter | Gauge | Histogram {
  const { help } = entry;
  const labelNames = [...entry.labels];
  if (entry.type === 'histogram') {
    const histogram = new Histogram({ name, help, labelNames, bounds: entry.buckets ?? seconds });
    // The registry asks a metric for its name and its values alone; the type wants one of the library's classes.
    registry.registerMetric(histogram as unknown as Metric);
    return histogram;
  }
  const options = { name, help, labelNames, registers: [registry] };
  return entry.type === 'counter' ? new Counter(options) : new Gauge(options);
}
