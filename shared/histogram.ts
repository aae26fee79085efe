/**
 * A histogram that is bound to its labels once, so that an observation is two additions: the library hashes and checks the
 * labels each time. Rendered by the library's registry as its own are.
 */
type Labels = Readonly<Record<string, string>>;

interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** The observations of one set of labels. */
export class Observations {
  readonly #bounds: readonly number[];
  /** Below each bound, not counting those of the bounds before it; the last is for what is above all of them. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > bounds[at]!) at++;
    this.#counts[at]! += 1;
    this.#sum += value;
  }

  /** As the text format has it: each bucket counts what the smaller ones do, too. */
  valuesOf(name: string, labels: Labels): Value[] {
    let count = 0;
    const buckets = [...this.#bounds, '+Inf'].map((bound, at) => {
      count += this.#counts[at]!;
      return { metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: count };
    });
    const sum = { metricName: `${name}_sum`, labels, value: this.#sum };
    return [...buckets, sum, { metricName: `${name}_count`, labels, value: count }];
  }
}

export class Histogram {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly #labelNames: readonly string[];
  readonly #bounds: readonly number[];
  readonly #all = new Map<string, { readonly labels: Labels; readonly observations: Observations }>();

  constructor(options: {
    name: string;
    help: string;
    labelNames: readonly string[];
    bounds: readonly number[];
  }) {
    this.name = options.name;
    this.help = options.help;
    this.#labelNames = options.labelNames;
    this.#bounds = options.bounds;
    if (this.#labelNames.length === 0) this.bind({});
  }

  /** The same one for the same labels. Throws for labels that the histogram does not have. */
  bind(labels: Labels): Observations {
    const values = this.#labelNames.map((label) => labels[label]);
    if (values.includes(undefined) || Object.keys(labels).length !== values.length)
      throw new Error(`${this.name} has the labels ${this.#labelNames.join(', ') || 'none'}`);
    const id = JSON.stringify(values);
    const known = this.#all.get(id);
    if (known !== undefined) return known.observations;
    const observations = new Observations(this.#bounds);
    this.#all.set(id, { labels, observations });
    return observations;
  }

  /** What the registry asks for. */
  get(): { name: string; help: string; type: string; aggregator: string; values: Value[] } {
    const { name, help, type, aggregator } = this;
    const values = [...this.#all.values()].flatMap(({ labels, observations }) =>
      observations.valuesOf(name, labels),
    );
    return { name, help, type, aggregator, values };
  }
}
