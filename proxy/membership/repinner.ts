/**
 * Moves the pins of an edge that is over to the others, in the background and in parts, so that its clients find an owner
 * when they come back. Beside the lazy way, which moves a key when it is asked for; each move is the same
 * compare-and-set, so any number of front doors may do it at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { toAppError } from '#shared/errors.ts';
import type { EdgeId } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Directory, Pin } from '../directory/directory.ts';
import type { Placer } from '../placement.ts';
import type { EdgeMember, EdgePool } from './pool.ts';

interface RepinnerOptions {
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly placer: Placer;
  /** The store has just come back: the pins that it has of an edge may be of long ago. */
  readonly mayHaveGoneBack: () => boolean;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  /** Aborts when the process stops. */
  readonly signal: AbortSignal;
}

interface Outcome {
  moved: number;
  /** Somebody else moved them, another front door or an exchange. */
  found: number;
}

/** So many at once, then a pause: look-ups for clients go between. */
const partMax = 50;
const pauseMs = 10;
const cautionLookMs = 200;
/** Longer than edges take to come up; afterwards keys move when they are asked for. */
const edgeWaitMs = 60_000;
/** As many as a first character of a key may have. */
const starts = '-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~';

export class Repinner {
  readonly #options: RepinnerOptions;
  readonly #running = new Set<EdgeId>();

  constructor(options: RepinnerOptions) {
    this.#options = options;
  }

  /** The edge is over; returns at once. */
  begin(edge: EdgeMember): void {
    if (this.#running.has(edge.id)) return;
    this.#running.add(edge.id);
    void this.#run(edge).finally(() => this.#running.delete(edge.id));
  }

  async #run(edge: EdgeMember): Promise<void> {
    const { log, metrics, nowMs } = this.#options;
    const startedAtMs = nowMs();
    const outcome: Outcome = { moved: 0, found: 0 };
    try {
      await this.#moveAll(edge, outcome);
    } catch (error) {
      // What is left moves when it is asked for.
      if (toAppError(error).code !== 'directory-unavailable') throw error;
      log.error('directory.failed', { error });
    }
    if (outcome.moved === 0 && outcome.found === 0) return;
    metrics.count('ct_proxy_repinned_total', {}, outcome.moved);
    const ms = Math.round(nowMs() - startedAtMs);
    log.info('pins.repinned', { edge: edge.id, incarnation: edge.incarnation, ...outcome, ms });
  }

  /** From a place of its own to the end, and then from the start: front doors that begin together meet late. */
  async #moveAll(edge: EdgeMember, outcome: Outcome): Promise<void> {
    const deadline = AbortSignal.any([this.#options.signal, AbortSignal.timeout(edgeWaitMs)]);
    const from = starts[Math.floor(this.#options.random() * starts.length)]!;
    for (const start of [from, '']) {
      let after = start;
      while (!deadline.aborted) {
        if (this.#options.mayHaveGoneBack()) {
          await sleep(cautionLookMs);
          continue;
        }
        const pins = await this.#options.directory.listLivePins(edge, after, partMax);
        // The directory gives it time that this front door did not: then its pins are its own.
        if (pins.length === 0 || pins.some(({ ownerIsOver }) => !ownerIsOver)) break;
        const { pool } = this.#options;
        const before = pool.changes;
        if (!(await this.#moveSome(edge, pins, outcome))) {
          if (pool.changes === before) await pool.nextChange(deadline);
          continue;
        }
        after = pins.at(-1)!.key;
        await sleep(pauseMs);
      }
    }
  }

  /** False where no edge is there to take them. */
  async #moveSome({ region }: EdgeMember, pins: readonly Pin[], outcome: Outcome): Promise<boolean> {
    const results = await Promise.all(pins.map(async (pin) => await this.#options.placer.repin(pin, region)));
    for (const result of results) {
      if (result === 'moved') outcome.moved++;
      if (result === 'found') outcome.found++;
    }
    return results.every((result) => result !== 'no-edge');
  }
}
