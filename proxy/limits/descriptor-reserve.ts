/**
 * Stops accepting before descriptors run out: without any, edges could not be reached, files not be opened, and those inside
 * would pay for those who come. Whoever comes meanwhile waits in the queue of the kernel.
 */
import { readFile, readdir, stat } from 'node:fs/promises';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';

interface DescriptorReserveOptions {
  /** Connections that were accepted so far. */
  readonly accepted: () => number;
  /** Accepts no more, or again. */
  readonly hold: (isHeld: boolean) => void;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly signal: AbortSignal;
}

/** Of all descriptors so many are kept for edges, files and what was accepted already: a tenth, within bounds. */
const reserveShare = 0.1;
const reserveMin = 96;
const reserveMax = 1_024;
const lookMs = 250;
/** Looks that are left out where nobody was accepted since: what else takes descriptors takes few. */
const quietLooks = 3;
/** A connection takes one descriptor, and its edge another. */
const perConnection = 2;
const logIntervalMs = 10_000;
const descriptorFolder = '/proc/self/fd';

export class DescriptorReserve {
  readonly #options: DescriptorReserveOptions;
  #limit = Infinity;
  #used = 0;
  /** When that many were used. */
  #acceptedThen = 0;
  #isHeld = false;
  #isLooking = false;
  #leftOut = 0;
  #loggedAtMs = -Infinity;

  constructor(options: DescriptorReserveOptions) {
    this.#options = options;
    const { signal } = options;
    const looking = setInterval(() => void this.#look(), lookMs).unref();
    signal.addEventListener('abort', () => clearInterval(looking), { once: true });
    void this.#look();
  }

  /** A connection was accepted. */
  note(): void {
    if (!this.#isHeld && this.#usedAtMost >= this.#limit - this.#reserve) this.#hold();
  }

  get #usedAtMost(): number {
    return this.#used + (this.#options.accepted() - this.#acceptedThen) * perConnection;
  }

  get #reserve(): number {
    return Math.min(reserveMax, Math.max(reserveMin, Math.floor(this.#limit * reserveShare)));
  }

  async #look(): Promise<void> {
    const acceptedThen = this.#options.accepted();
    const isQuiet = !this.#isHeld && acceptedThen === this.#acceptedThen && this.#limit < Infinity;
    if (this.#isLooking || (isQuiet && this.#leftOut++ < quietLooks)) return;
    this.#isLooking = true;
    this.#leftOut = 0;
    try {
      // Both at once, and the limit each time: an administrator may change it while the process runs (prlimit(1)).
      const [limits, used] = await Promise.all([readFile('/proc/self/limits', 'utf8'), countDescriptors()]);
      this.#limit = readSoftLimit(limits);
      this.#used = used;
      if (this.#limit < Infinity) this.#options.metrics.set('ct_proxy_descriptors_max', this.#limit);
      this.#acceptedThen = acceptedThen;
    } catch {
      // No such files on this system, or no descriptor to read them with: then it is high time.
      if (this.#limit === Infinity) return;
      return this.#hold();
    } finally {
      this.#isLooking = false;
    }
    this.#decide();
  }

  #decide(): void {
    const free = this.#limit - this.#usedAtMost;
    if (!this.#isHeld && free <= this.#reserve) this.#hold();
    else if (this.#isHeld && free > this.#reserve * 1.5) this.#goOn();
  }

  #hold(): void {
    if (this.#isHeld) return;
    const { hold, log, metrics } = this.#options;
    this.#isHeld = true;
    hold(true);
    metrics.set('ct_proxy_accepting_held', 1);
    metrics.count('ct_proxy_accept_holds_total');
    const now = performance.now();
    if (now - this.#loggedAtMs < logIntervalMs) return;
    this.#loggedAtMs = now;
    log.warn('accepting.held', { descriptors: this.#used, limit: this.#limit });
  }

  #goOn(): void {
    this.#isHeld = false;
    this.#options.hold(false);
    this.#options.metrics.set('ct_proxy_accepting_held', 0);
  }
}

/** From Linux 6.2 on the folder's size is their number; to list thousands of them takes milliseconds. */
async function countDescriptors(): Promise<number> {
  const { size } = await stat(descriptorFolder);
  return size > 0 ? size : (await readdir(descriptorFolder)).length;
}

function readSoftLimit(limits: string): number {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  return soft === undefined || soft === 'unlimited' ? Infinity : Number(soft);
}
