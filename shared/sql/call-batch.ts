/**
 * Gathers calls of one kind while others of it are under way, and makes one statement of them: a hundred who ask at once
 * cost a few trips to the database and one commit.
 */
interface Waiting<I, O> {
  readonly input: I;
  readonly resolve: (output: O) => void;
  readonly reject: (error: unknown) => void;
}

interface BatchOptions {
  readonly atOnceMax: number;
  /** Batches under way at a time; what comes meanwhile waits for one of them to end. */
  readonly runningMax: number;
}

export class CallBatch<I, O> {
  readonly #run: (inputs: readonly I[]) => Promise<readonly O[]>;
  readonly #options: BatchOptions;
  #waiting: Waiting<I, O>[] = [];
  #running = 0;

  /** `run` gives an output for each input, in their order; where it fails, all of them do. */
  constructor(run: (inputs: readonly I[]) => Promise<readonly O[]>, options: BatchOptions) {
    this.#run = run;
    this.#options = options;
  }

  async call(input: I): Promise<O> {
    const { promise, resolve, reject } = Promise.withResolvers<O>();
    this.#waiting.push({ input, resolve, reject });
    // What the same turn of the event loop asks goes with it.
    if (this.#waiting.length === 1) queueMicrotask(() => this.#start());
    return await promise;
  }

  #start(): void {
    if (this.#waiting.length === 0 || this.#running >= this.#options.runningMax) return;
    const batch = this.#waiting.splice(0, this.#options.atOnceMax);
    this.#running++;
    void this.#carry(batch).finally(() => {
      this.#running--;
      this.#start();
    });
    this.#start();
  }

  async #carry(batch: readonly Waiting<I, O>[]): Promise<void> {
    try {
      const outputs = await this.#run(batch.map(({ input }) => input));
      for (const [i, { resolve }] of batch.entries()) resolve(outputs[i]!);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
