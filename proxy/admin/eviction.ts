/**
 * Takes a pin away, so that the key's next connection is placed anew. Nobody may serve the key when it goes: the edge is told
 * that the epoch is over and has to say that it holds nothing of it, or its owner is over; a static backend's key has to be idle.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { bucketOf } from '#shared/claim-digest.ts';
import { AppError } from '#shared/errors.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { Directory, Pin } from '../directory/directory.ts';
import type { EdgeLinks } from '../membership/edge-links.ts';
import type { EdgePool } from '../membership/pool.ts';
import type { Placer } from '../placement.ts';

interface EvictionOptions {
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly links: EdgeLinks;
  readonly placer: Placer;
  /** Ends the session on the edge; its members are told. */
  readonly endSession: (key: AffinityKey) => Promise<unknown>;
}

const emptyMaxMs = 5_000;
const lookIntervalMs = 50;

export class Evictions {
  readonly #options: EvictionOptions;

  constructor(options: EvictionOptions) {
    this.#options = options;
  }

  /** Throws `session-not-found`, `session-live` or `edge-not-ready`, and then the pin is as it was. */
  async evict(key: AffinityKey, endsSession: boolean): Promise<Pin> {
    const { directory, pool, placer } = this.#options;
    const pin = await directory.findPin(key);
    if (pin === undefined) throw new AppError('session-not-found');
    const isStatic = pool.find(pin.owner)?.kind === 'static';
    if (isStatic && pin.state === 'live' && !pin.ownerIsOver) throw new AppError('session-live');
    if (!isStatic && !pin.ownerIsOver) await this.#empty(pin, endsSession);
    // Somebody else may have moved it meanwhile: then it is not the pin that was asked about.
    if (!(await directory.removePin(key, pin.epoch))) throw new AppError('session-live');
    placer.forget([key]);
    return pin;
  }

  async #empty(pin: Pin, endsSession: boolean): Promise<void> {
    const { links } = this.#options;
    const { key, owner, epoch } = pin;
    const deadline = performance.now() + emptyMaxMs;
    if (await this.#isOpen(pin)) {
      if (!endsSession) throw new AppError('session-live');
      await this.#options.endSession(key);
    }
    // From here on the edge serves this epoch no more: a front door that has the pin cached is sent on.
    while (links.tell(owner, { type: 'fence', sessions: [{ key, epoch }] })) {
      const held = await links.askHolder(owner, key);
      if (held !== undefined && held.epoch !== epoch) return;
      if (performance.now() > deadline) break;
      await sleep(lookIntervalMs);
    }
    throw new AppError('edge-not-ready');
  }

  async #isOpen({ key, owner }: Pin): Promise<boolean> {
    const held = await this.#options.links.listClaims(owner, bucketOf(key));
    if (held === undefined) throw new AppError('edge-not-ready');
    return held.some((claim) => claim.key === key && claim.isOpen);
  }
}
