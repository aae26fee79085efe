/**
 * Placement: key -> edge, epoch, reason. A cached pin is used as long as its edge is in the pool; otherwise
 * the directory is asked, once per key at a time, and a key without a living owner is placed or moved
 * there by one atomic statement. Load and health choose among candidates for *new* owners only.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';
import type { BoundMetric, Metrics } from '#shared/metrics.ts';
import { hashKeyForLog } from '#shared/fleet-secrets.ts';
import type { FleetSecrets } from '#shared/fleet-secrets.ts';
import type { AffinityKey, EdgeId } from '#shared/ids.ts';
import { defaultRegion } from '#shared/regions.ts';
import { timing } from '#shared/timing.ts';
import { chooseEdge } from './core/choose-edge.ts';
import { preferRegion } from './core/prefer-region.ts';
import { hashKey } from './core/rank.ts';
import type { Directory, Pin, PinResult } from './directory/directory.ts';
import { isStoreFailure } from './directory/store-failure.ts';
import type { LeasePromises } from './membership/lease-promises.ts';
import type { EdgePool } from './membership/pool.ts';
import type { OutagePlacement } from './outage-placement.ts';
import { PinCache } from './pin-cache.ts';
import { putOneIntoStore } from './provisional-pins.ts';

/** `fallback`: the store does not answer. */
export type PlacementReason = 'pinned' | 'new' | 'moved' | 'fallback';

export type Placement =
  | { readonly kind: 'placed'; readonly pin: Pin; readonly reason: PlacementReason }
  | { readonly kind: 'no-edge' };

interface PlacementOptions {
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly promises: LeasePromises;
  readonly outage: OutagePlacement;
  readonly secrets: FleetSecrets;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Region of a client's address; the default one of all, unless given. */
  readonly regionOf?: (clientAddress: string) => string;
  /** Throws where a client may not begin a session more now. */
  readonly admitNewKey?: (clientAddress: string) => void;
  readonly nowMs: () => number;
}

type Found =
  | { readonly kind: 'stored' | 'fallback'; readonly pin: Pin }
  /** An edge that does not answer may hold the key, and the store cannot tell. */
  | { readonly kind: 'unsure' };

interface CachedPin extends Pin {
  /** `changes` of the pool before the directory was asked. */
  readonly readAt: number;
}

const cachedPinsMax = 500_000;

export class Placer {
  readonly #options: PlacementOptions;
  readonly #cache = new PinCache<CachedPin>(cachedPinsMax);
  /** Single flight: many arrivals of one key make one question to the directory. */
  readonly #inFlight = new Map<AffinityKey, Promise<Placement>>();

  readonly #cacheHits: BoundMetric;

  constructor(options: PlacementOptions) {
    this.#options = options;
    this.#cacheHits = options.metrics.bind('ct_proxy_pin_cache_hits_total');
  }

  /** At once where the pin is cached. Rejects with `directory-unavailable` when it is not and the directory does not answer. */
  place(key: AffinityKey, clientAddress = ''): Placement | Promise<Placement> {
    const cached = this.#cache.get(key);
    if (cached !== undefined && this.#options.pool.vouchesFor(cached.owner, cached.readAt)) {
      this.#cacheHits.add(1);
      return { kind: 'placed', pin: cached, reason: 'pinned' };
    }
    return this.#resolveOnce(key, clientAddress);
  }

  /** Asks past the cache: the pin that we used is stale, or its edge is in doubt. */
  async replace(pin: Pin, clientAddress = ''): Promise<Placement> {
    this.#cache.drop(pin.key);
    try {
      return await this.#resolveOnce(pin.key, clientAddress);
    } catch (error) {
      // It is known to have an owner, so while the store is down nobody else gets it.
      this.#cache.put({ ...pin, readAt: 0 });
      throw error;
    }
  }

  /**
   * Waits until the pin's owner is proved over and the key has another one, but for so long at most.
   * Returns undefined when the owner is still in its right at the end.
   */
  async replaceAfterLoss(
    pin: Pin,
    { signal, waitMs }: { readonly signal: AbortSignal; readonly waitMs: number },
    clientAddress = '',
  ): Promise<Placement | undefined> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
    for (;;) {
      // Watched from before the question: a change that comes with its answer must not be missed.
      const changed = this.#options.pool.nextChange(deadline);
      const placement = await this.replace(pin, clientAddress);
      if (placement.kind === 'placed' && placement.pin.epoch !== pin.epoch) return placement;
      if (deadline.aborted) return undefined;
      await changed;
    }
  }

  /** The pin of a session that has just moved. */
  takeUp(pin: Pin): void {
    this.#settle(pin, 'moved', this.#options.pool.changes);
    this.#options.pool.notePlacement(pin.owner, pin, this.#options.nowMs());
  }

  /** Where a session might move to, by the same choice as for a new key; undefined where no edge is ready. */
  chooseTarget(key: AffinityKey, except: EdgeId): EdgeId | undefined {
    const { pool, nowMs, secrets } = this.#options;
    const candidates = pool.candidates(nowMs(), new Set([except]));
    const region = pool.list(nowMs()).find(({ id }) => id === except)?.region ?? defaultRegion;
    return chooseEdge(hashKey(secrets.placement, key), preferRegion(candidates, region))?.id;
  }

  /** Asks again until the session that was let go has its next owner; gives the old one where that takes too long. */
  async replaceAfterMove(pin: Pin, signal: AbortSignal, clientAddress = ''): Promise<Placement> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(timing.takeoverWaitMs)]);
    for (;;) {
      const placement = await this.replace(pin, clientAddress);
      const isOld = placement.kind === 'placed' && placement.pin.epoch === pin.epoch;
      if (!isOld || deadline.aborted) return placement;
      await sleep(timing.deathProbeIntervalMs, undefined, { signal: deadline }).catch(() => undefined);
    }
  }

  /** Moves a pin whose owner is over, unless somebody has done so or is about to. */
  async repin(pin: Pin, region: string): Promise<'moved' | 'found' | 'no-edge'> {
    if (this.#inFlight.has(pin.key) || this.#isInItsRight(pin)) return 'found';
    const resolving = this.#settleOwner(pin.key, pin, {
      readAt: this.#options.pool.changes,
      region,
    });
    this.#inFlight.set(pin.key, resolving);
    const placement = await resolving.finally(() => this.#inFlight.delete(pin.key));
    if (placement.kind === 'no-edge') return 'no-edge';
    return placement.reason === 'moved' ? 'moved' : 'found';
  }

  /** Pins that the directory swept are not to be found here either. */
  forget(keys: readonly AffinityKey[]): void {
    for (const key of keys) this.#cache.drop(key);
  }

  async #resolveOnce(key: AffinityKey, clientAddress = ''): Promise<Placement> {
    const running = this.#inFlight.get(key);
    if (running !== undefined) return await running;
    const startedAtMs = this.#options.nowMs();
    const resolving = this.#resolve(key, clientAddress).finally(() => {
      this.#inFlight.delete(key);
      const seconds = (this.#options.nowMs() - startedAtMs) / 1_000;
      this.#options.metrics.observe('ct_proxy_directory_seconds', seconds);
    });
    this.#inFlight.set(key, resolving);
    return await resolving;
  }

  async #resolve(key: AffinityKey, clientAddress: string): Promise<Placement> {
    const readAt = this.#options.pool.changes;
    const found = await this.#find(key);
    if (found?.kind === 'unsure') throw new AppError('directory-unavailable');
    if (found?.kind === 'fallback') return this.#fallBack(found.pin);
    if (found !== undefined && this.#isInItsRight(found.pin))
      return this.#settle(found.pin, 'pinned', readAt);
    if (found === undefined) this.#options.admitNewKey?.(clientAddress);
    const region = this.#options.regionOf?.(clientAddress) ?? defaultRegion;
    return await this.#settleOwner(key, found?.pin, { readAt, region });
  }

  /** Places a key that has no pin, or moves one whose owner is over. */
  async #settleOwner(
    key: AffinityKey,
    found: Pin | undefined,
    { readAt, region }: { readonly readAt: number; readonly region: string },
  ): Promise<Placement> {
    const refused = new Set<EdgeId>();
    let seen = found;
    for (;;) {
      const now = this.#options.nowMs();
      const hash = hashKey(this.#options.secrets.placement, key);
      const candidates = this.#options.pool.candidates(now, refused);
      // An edge that is back already takes its own keys up again, by a new epoch like any other.
      const home = candidates.find(({ id }) => id === seen?.owner.id);
      const elsewhere = seen === undefined ? this.#options.outage.rankedElsewhere(hash) : undefined;
      const ranked = candidates.find((edge) => edge.id === elsewhere?.id);
      const target = home ?? ranked ?? chooseEdge(hash, preferRegion(candidates, region));
      if (target === undefined) return { kind: 'no-edge' };
      const result = await this.#claim(key, seen, { id: target.id, incarnation: target.incarnation });
      switch (result.kind) {
        case 'won':
          return this.#settle(result.pin, seen === undefined ? 'new' : 'moved', readAt);
        case 'found':
          this.#options.metrics.count('ct_proxy_races_lost_total');
          if (this.#isInItsRight(result.pin)) return this.#settle(result.pin, 'pinned', readAt);
          seen = result.pin;
          break;
        case 'target-refused':
          refused.add(target.id);
      }
    }
  }

  /** What the store has of the key, or while it does not answer, what the edges and the last members say. */
  async #find(key: AffinityKey, isAgain = false): Promise<Found | undefined> {
    const { directory, outage } = this.#options;
    const provisional = outage.find(key);
    const isKnown = this.#cache.get(key) !== undefined;
    try {
      if (outage.isDown && !isKnown) throw new AppError('directory-unavailable');
      const settled = provisional === undefined ? undefined : await outage.settle(provisional);
      if (settled !== undefined) return { kind: settled.isStored ? 'stored' : 'fallback', pin: settled.pin };
      const pin = await directory.findPin(key);
      const held = outage.isCautious ? await this.#findHeld(key, pin) : undefined;
      if (held !== undefined) return held;
      return pin === undefined ? undefined : { kind: 'stored', pin };
    } catch (error) {
      if (!isStoreFailure(error)) throw error;
      outage.noteFailure();
      if (isKnown) throw error;
      const pin = await outage.place(key, error);
      if (pin !== undefined) return { kind: 'fallback', pin };
      // It answers again; where it does not keep to that, nobody waits on.
      if (isAgain) throw error;
      return await this.#find(key, true);
    }
  }

  /** The store has just come back: it may lack what was placed without it, or what happened since it was copied. */
  async #findHeld(key: AffinityKey, stored: Pin | undefined): Promise<Found | undefined> {
    const { directory, outage } = this.#options;
    const held = await outage.findHeld(key);
    // Who does not answer may hold it, and the store cannot tell: an owner of before it went back is not to be taken for the last.
    const isKnown = stored !== undefined && (this.#isInItsRight(stored) || !outage.mayHaveGoneBack);
    if (held.kind === 'unsure' && !isKnown) return { kind: 'unsure' };
    if (held.kind !== 'held' || held.pin.epoch <= (stored?.epoch ?? 0)) return undefined;
    // As a rule another front door has placed it since it was looked up.
    const again = await directory.findPin(key);
    if (again !== undefined && again.epoch >= held.pin.epoch) return { kind: 'stored', pin: again };
    const result = await putOneIntoStore(directory, held.pin);
    // The store does not know that edge yet, or any more; it serves by a lease that it had.
    if (result.kind === 'target-refused') {
      outage.keep(held.pin);
      return { kind: 'fallback', pin: held.pin };
    }
    return { kind: 'stored', pin: result.pin };
  }

  /** Not kept: as soon as the store answers, it is asked. */
  #fallBack(pin: Pin): Placement {
    this.#options.metrics.count('ct_proxy_placements_total', { reason: 'fallback' });
    return { kind: 'placed', pin, reason: 'fallback' };
  }

  /** Its owner may serve it, or has our promise that it may. */
  #isInItsRight(pin: Pin): boolean {
    return !pin.ownerIsOver || this.#options.promises.holds(pin.owner);
  }

  async #claim(key: AffinityKey, seen: Pin | undefined, target: Pin['owner']): Promise<PinResult> {
    const { directory, pool, promises, nowMs } = this.#options;
    const place = pool.reservePlace(target);
    // Before the call: it may be carried out, and its answer lost with the store. Also of an edge that is not here: it may come.
    if (seen !== undefined && pool.find(seen.owner)?.kind !== 'static') promises.noteOver(seen.owner);
    try {
      const result =
        seen === undefined
          ? await directory.insertPin(key, target)
          : await directory.movePin(key, seen.epoch, target);
      if (result.kind === 'won') pool.notePlacement(result.pin.owner, result.pin, nowMs());
      return result;
    } finally {
      place.release();
    }
  }

  #settle(pin: Pin, reason: PlacementReason, readAt: number): Placement {
    this.#cache.put({ ...pin, readAt });
    this.#options.metrics.count('ct_proxy_placements_total', { reason });
    if (reason !== 'pinned') {
      const { owner, epoch } = pin;
      const keyHash = hashKeyForLog(this.#options.secrets, pin.key);
      this.#options.log.debug('key.placed', { key: keyHash, edge: owner.id, epoch, reason });
    }
    return { kind: 'placed', pin, reason };
  }
}
