/**
 * How many different people are in sessions of the whole pool, where somebody on two edges is one: edges count their own, and only
 * the history knows who is the same. Read every two seconds while anybody is there.
 */
import type { HistoryAsker } from './history/history.ts';

interface PeopleOptions {
  readonly history: Pick<HistoryAsker, 'present'>;
  readonly isAnybodyThere: () => boolean;
  readonly nowMs: () => number;
  /** Nothing is read after it. */
  readonly signal: AbortSignal;
}

const readIntervalMs = 2_000;
/** What is older tells nothing of now. */
const knownMaxMs = 10_000;

export class PeopleOnline {
  readonly #options: PeopleOptions;
  #count = 0;
  #readAtMs = -Infinity;
  #isReading = false;

  constructor(options: PeopleOptions) {
    this.#options = options;
    const reading = setInterval(() => void this.#read(), readIntervalMs).unref();
    options.signal.addEventListener('abort', () => clearInterval(reading), { once: true });
  }

  /** Undefined where the store has not said it lately. */
  get known(): number | undefined {
    return this.#options.nowMs() - this.#readAtMs > knownMaxMs ? undefined : this.#count;
  }

  async #read(): Promise<void> {
    const { history, isAnybodyThere, nowMs } = this.#options;
    if (this.#isReading || !isAnybodyThere()) return;
    this.#isReading = true;
    const begunAtMs = nowMs();
    try {
      this.#count = await history.present();
      this.#readAtMs = begunAtMs;
    } catch {
      // Who stores the journal tells that the store is away.
    } finally {
      this.#isReading = false;
    }
  }
}
