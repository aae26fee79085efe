/** Carries records from the spool to where they are kept, some at a time and in their order, again and again until they arrive. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../log.ts';
import { recordsPerMessageMax } from './journal-words.ts';
import type { JournalRecord } from './journal-record.ts';
import type { Spool } from './spool.ts';

interface CourierOptions {
  readonly spool: Spool;
  /** Rejects where it is not sure that they have arrived. */
  readonly deliver: (records: readonly JournalRecord[]) => Promise<void>;
  readonly log: Log;
  /** 0 to 1. */
  readonly random: () => number;
}

/** What comes shortly after another goes with it. */
const gatherMs = 50;
const pauseMinMs = 250;
const pauseMaxMs = 5_000;

export class Courier {
  readonly #options: CourierOptions;
  #carrying: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: CourierOptions) {
    this.#options = options;
    options.spool.whenFailed((error) => options.log.warn('journal.failed', { error }));
    options.spool.whenAdded(() => this.#begin());
    this.#begin();
  }

  /** Waits until everything has arrived, or the time is over; carries nothing afterwards. */
  async stop(maxMs: number): Promise<void> {
    const deadline = AbortSignal.timeout(maxMs);
    await Promise.race([
      this.#carrying,
      sleep(maxMs, undefined, { ref: false, signal: deadline }).catch(() => undefined),
    ]);
    this.#isStopped = true;
  }

  #begin(): void {
    if (this.#isStopped) return;
    this.#carrying ??= this.#carry().finally(() => {
      this.#carrying = undefined;
      if (this.#options.spool.waiting > 0) this.#begin();
    });
  }

  async #carry(): Promise<void> {
    const { spool, deliver, log, random } = this.#options;
    let pauseMs = pauseMinMs;
    await sleep(gatherMs, undefined, { ref: false });
    while (spool.waiting > 0 && !this.#isStopped) {
      const records = spool.peek(recordsPerMessageMax);
      try {
        await deliver(records);
        spool.remove(records.length);
        pauseMs = pauseMinMs;
      } catch (error) {
        // Once for each time that it fails on, not with each try.
        if (pauseMs === pauseMinMs) log.warn('journal.failed', { error, waiting: spool.waiting });
        await sleep(pauseMs * (0.5 + random()), undefined, { ref: false });
        pauseMs = Math.min(pauseMaxMs, pauseMs * 2);
      }
    }
  }
}
