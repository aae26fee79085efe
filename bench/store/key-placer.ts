/** A front door's placement on a store, without its wires: its own placer, pool and caches, and many exchanges at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { toAppError } from '#shared/errors.ts';
import { deriveFleetSecrets } from '#shared/fleet-secrets.ts';
import { parseAffinityKey } from '#shared/ids.ts';
import type { AffinityKey } from '#shared/ids.ts';
import { openLog } from '#shared/log.ts';
import { Metrics } from '#shared/metrics.ts';
import type { Directory } from '../../proxy/directory/directory.ts';
import { EdgeLinks } from '../../proxy/membership/edge-links.ts';
import { LeasePromises } from '../../proxy/membership/lease-promises.ts';
import { MembershipSnapshot } from '../../proxy/membership/membership-snapshot.ts';
import { EdgePool } from '../../proxy/membership/pool.ts';
import { OutagePlacement } from '../../proxy/outage-placement.ts';
import { Placer } from '../../proxy/placement.ts';
import type { Placement } from '../../proxy/placement.ts';
import { followRows, virtualEdgeCount } from './virtual-fleet.ts';

/** As many exchanges of new sessions as a busy front door has at a time. */
const atOnce = 64;
const lookIntervalMs = 100;
const placedMaxMs = 30_000;

export interface Placed {
  readonly placements: number;
  readonly seconds: number;
  /** Milliseconds of each, sorted. */
  readonly latencies: Float64Array;
}

export interface Answer {
  /** Index of the key. */
  readonly key: number;
  readonly owner: string;
  readonly epoch: number;
}

export class KeyPlacer {
  readonly #directory: Directory;
  readonly #pool = new EdgePool();
  readonly #placer: Placer;
  /** Answers of a store that was too busy. */
  refused = 0;
  #isOver = false;

  constructor(directory: Directory) {
    this.#directory = directory;
    const nowMs = (): number => performance.now();
    const shared = {
      directory,
      pool: this.#pool,
      secrets: deriveFleetSecrets('a join token of a benchmark'),
      log: openLog({ level: 'silent', role: 'proxy' }),
      metrics: new Metrics('ct_proxy_'),
      nowMs,
    };
    const snapshot = new MembershipSnapshot(directory);
    const outage = new OutagePlacement({
      ...shared,
      snapshot,
      links: new EdgeLinks(),
      random: Math.random,
      placesNewKeys: () => false,
    });
    this.#placer = new Placer({ ...shared, promises: new LeasePromises(nowMs), outage });
  }

  /** Resolves when it knows the edges. */
  async open(): Promise<void> {
    await this.#look();
    void this.#follow();
  }

  /** Asks for each key once; `from` and on, then round to it. */
  async place(keys: number, from: number, onAnswer: (answer: Answer) => void): Promise<Placed> {
    const latencies = new Float64Array(keys);
    const startedAtMs = performance.now();
    let next = 0;
    const work = async (): Promise<void> => {
      for (;;) {
        const i = next++;
        if (i >= keys) return;
        const key = (from + i) % keys;
        const askedAtMs = performance.now();
        const { owner, epoch } = await this.#placeOne(key);
        latencies[i] = performance.now() - askedAtMs;
        onAnswer({ key, owner: `${owner.id}:${owner.incarnation}`, epoch });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    const seconds = (performance.now() - startedAtMs) / 1_000;
    return { placements: keys, seconds, latencies: latencies.toSorted() };
  }

  /**
   * Keys a second that it finds among those that it has placed, each from the text that a client sends. `epochs` are their
   * pins'. Throws where it finds another one, or has to ask the store.
   */
  lookUp(epochs: ArrayLike<number>, passes: number): number {
    const texts = Array.from({ length: epochs.length }, (_, number) => textOf(number));
    const startedAtMs = performance.now();
    for (let pass = 0; pass < passes; pass++) {
      for (let number = 0; number < texts.length; number++) {
        const found = this.#placer.place(parseAffinityKey(texts[number]!)!);
        if (found instanceof Promise || found.kind !== 'placed' || found.pin.epoch !== epochs[number])
          throw new Error(`key ${number} is not found as it was placed`);
      }
    }
    return (passes * texts.length * 1_000) / (performance.now() - startedAtMs);
  }

  close(): void {
    this.#isOver = true;
  }

  async #placeOne(number: number): Promise<{ owner: { id: string; incarnation: number }; epoch: number }> {
    const key = parseAffinityKey(textOf(number))!;
    const deadlineMs = performance.now() + placedMaxMs;
    for (;;) {
      const placement = await this.#ask(key);
      if (placement?.kind === 'placed') return placement.pin;
      if (performance.now() > deadlineMs) throw new Error(`no edge took ${key} in ${placedMaxMs} ms`);
      // Between two looks every edge that it knew may have changed.
      await sleep(lookIntervalMs);
    }
  }

  /** Undefined where the store was too busy: as a client that is told so would, whoever asks asks again. */
  async #ask(key: AffinityKey): Promise<Placement | undefined> {
    try {
      return await this.#placer.place(key);
    } catch (error) {
      if (toAppError(error).code !== 'directory-unavailable') throw error;
      this.refused++;
      return undefined;
    }
  }

  async #follow(): Promise<void> {
    while (!this.#isOver) {
      await sleep(lookIntervalMs);
      await this.#look().catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const rows = await this.#directory.listEdges();
    if (rows.length < virtualEdgeCount) throw new Error(`${rows.length} edges of ${virtualEdgeCount}`);
    followRows(this.#pool, rows);
  }
}

function textOf(number: number): string {
  return `key-${number}`;
}
