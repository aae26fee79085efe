/**
 * Compares what each edge holds live with the directory's pins, and repairs the difference: pins that the directory lost
 * are put back, marks that were lost are made again, and whoever holds an epoch that is over is told to close. Two edges
 * that hold one key at the same time are a fault of ours, which is counted and ended. Any number of front doors may do it.
 */
import { ClaimDigest, bucketOf } from '#shared/claim-digest.ts';
import { toAppError } from '#shared/errors.ts';
import { hashKeyForLog } from '#shared/fleet-secrets.ts';
import type { FleetSecrets } from '#shared/fleet-secrets.ts';
import type { AffinityKey, EdgeId, Epoch } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import { putIntoStore } from '../provisional-pins.ts';
import { judgeClaim } from './judge-claim.ts';
import type { Claim, Directory, EdgeRef, IdleMark, Pin } from '../directory/directory.ts';
import type { EdgeLinks, HeldKey } from './edge-links.ts';
import { readLivePins } from './live-pins.ts';
import type { EdgePool } from './pool.ts';

export interface ReconcilerOptions {
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly links: EdgeLinks;
  readonly secrets: FleetSecrets;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
}

/** What was repaired of one edge. */
interface Repairs {
  restored: number;
  markedLive: number;
  markedIdle: number;
  fenced: number;
}

interface Difference {
  /** Held by the edge, and not in the directory's list of its live pins. */
  readonly unpinned: readonly HeldKey[];
  /** In that list, and not held by the edge. */
  readonly unclaimed: readonly Pin[];
}

/** An epoch that an edge holds although it is over, and who has the key instead. */
interface Outdated {
  readonly edge: EdgeRef;
  readonly held: HeldKey;
  readonly owner: EdgeRef;
}

interface Lost {
  readonly claim: Claim;
  /** What the directory has of the key instead. */
  readonly before: Pin | undefined;
}

interface Found {
  readonly live: IdleMark[];
  readonly lost: Lost[];
  readonly outdated: Outdated[];
}

/** The directory gathers them. */
const lookedUpAtOnce = 900;

export class Reconciler {
  readonly #options: ReconcilerOptions;
  /** Edges that wait for their turn: one is compared at a time, however many join at once. */
  readonly #waiting = new Map<EdgeId, EdgeRef>();
  /** Pins that no edge claimed in the round before, by edge. */
  readonly #unclaimed = new Map<EdgeId, ReadonlyMap<AffinityKey, Epoch>>();
  #running: Promise<void> | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Compares every edge that is connected, in the background; resolves when that is done, and never rejects for the store. */
  async requestAll(): Promise<void> {
    const edges = this.#options.pool.list(this.#options.nowMs()).filter(({ kind }) => kind === 'edge');
    for (const { id, incarnation } of edges) this.#waiting.set(id, { id, incarnation });
    const ids = new Set(edges.map(({ id }) => id));
    for (const id of this.#unclaimed.keys()) if (!ids.has(id)) this.#unclaimed.delete(id);
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    await this.#running;
  }

  async #run(): Promise<void> {
    for (const [id, edge] of this.#waiting) {
      this.#waiting.delete(id);
      try {
        await this.#reconcile(edge);
      } catch (error) {
        if (toAppError(error).code !== 'directory-unavailable') throw error;
        this.#options.log.error('directory.failed', { error });
      }
    }
  }

  async #reconcile(edge: EdgeRef): Promise<void> {
    const { log, metrics } = this.#options;
    const difference = await this.#compare(edge);
    if (difference === undefined) return;
    const repairs: Repairs = { restored: 0, markedLive: 0, markedIdle: 0, fenced: 0 };
    await this.#repairClaims(edge, difference.unpinned, repairs);
    await this.#markQuiet(edge, difference.unclaimed, repairs);
    if (Object.values(repairs).every((count) => count === 0)) return;
    log.info('claims.reconciled', { edge: edge.id, incarnation: edge.incarnation, ...repairs });
    metrics.count('ct_proxy_reconciled_total', { action: 'restored' }, repairs.restored);
    metrics.count('ct_proxy_reconciled_total', { action: 'marked-live' }, repairs.markedLive);
    metrics.count('ct_proxy_reconciled_total', { action: 'marked-idle' }, repairs.markedIdle);
    metrics.count('ct_proxy_reconciled_total', { action: 'fenced' }, repairs.fenced);
  }

  /** Undefined where the edge does not answer, or has no right to anything just now. */
  async #compare(edge: EdgeRef): Promise<Difference | undefined> {
    const { directory, links } = this.#options;
    const digest = await links.digestClaims(edge);
    if (digest === undefined || !digest.isServing) return undefined;
    const pins = await readLivePins(directory, edge);
    const own = new ClaimDigest();
    for (const { key, epoch } of pins.values()) own.add(key, epoch);
    const differing = own.sums.flatMap((sum, bucket) => (sum === digest.sums[bucket] ? [] : [bucket]));
    const unpinned: HeldKey[] = [];
    for (const bucket of differing) {
      const held = await links.listClaims(edge, bucket);
      if (held === undefined) return undefined;
      for (const claim of held) {
        if (pins.get(claim.key)?.epoch === claim.epoch) pins.delete(claim.key);
        else unpinned.push(claim);
      }
    }
    const buckets = new Set(differing);
    return { unpinned, unclaimed: [...pins.values()].filter(({ key }) => buckets.has(bucketOf(key))) };
  }

  async #repairClaims(edge: EdgeRef, held: readonly HeldKey[], repairs: Repairs): Promise<void> {
    const found: Found = { live: [], lost: [], outdated: [] };
    for (let from = 0; from < held.length; from += lookedUpAtOnce)
      await this.#judge(edge, held.slice(from, from + lookedUpAtOnce), found);
    const { live, lost, outdated } = found;
    if (live.length > 0) await this.#options.directory.markPins(live, 'live');
    repairs.markedLive += live.length;
    outdated.push(...(await this.#restore(lost, repairs)));
    await this.#countSplits(outdated);
    for (const item of outdated) this.#fence(item);
    repairs.fenced += outdated.length;
  }

  /** Each is looked up anew: the lists were made one after the other, and most differences are over by now. */
  async #judge(edge: EdgeRef, held: readonly HeldKey[], { live, lost, outdated }: Found): Promise<void> {
    const { directory } = this.#options;
    const pins = await Promise.all(held.map(async ({ key }) => await directory.findPin(key)));
    for (const [i, item] of held.entries()) {
      const { key, epoch, isOpen } = item;
      const [pin, claim] = [pins[i], { key, epoch, owner: edge }];
      const verdict = judgeClaim(claim, pin);
      if (verdict === 'idle') live.push({ key, epoch });
      // Without a connection nothing is served: it may be a session that is about to come here.
      else if (verdict === 'lost' && isOpen) lost.push({ claim, before: pin });
      else if (verdict === 'outdated' && isOpen && this.#mayFence(pin!))
        outdated.push({ edge, held: item, owner: pin!.owner });
    }
  }

  /** Only beside an owner that can be asked whether it has the key too; another front door can, or this one in a moment. */
  #mayFence(pin: Pin): boolean {
    return pin.ownerIsOver || this.#options.links.has(pin.owner);
  }

  /** Gives what is over by that. */
  async #restore(lost: readonly Lost[], repairs: Repairs): Promise<Outdated[]> {
    if (lost.length === 0) return [];
    const results = await putIntoStore(
      this.#options.directory,
      lost.map(({ claim }) => claim),
    );
    const restored = lost.filter((_, i) => results[i] === undefined || results[i].kind === 'won');
    repairs.restored += restored.length;
    return restored.flatMap(({ claim, before }) => {
      if (before === undefined || before.owner.id === claim.owner.id) return [];
      const { key, epoch, owner } = before;
      return [{ edge: owner, held: { key, epoch, isOpen: true }, owner: claim.owner }];
    });
  }

  /** Two lists around the other edge's: what stands in both was held while the other one held it too. */
  async #countSplits(outdated: readonly Outdated[]): Promise<void> {
    const { log, metrics, secrets } = this.#options;
    for (const { edge, held, owner } of outdated) {
      const { key } = held;
      if (edge.id === owner.id) continue;
      const before = await this.#heldBy(edge, key);
      const other = before === undefined ? undefined : await this.#heldBy(owner, key);
      const after = other === undefined ? undefined : await this.#heldBy(edge, key);
      if (before?.epoch !== held.epoch || after?.epoch !== held.epoch || other === undefined) continue;
      metrics.count('ct_proxy_split_detected_total');
      log.error('split.detected', {
        key: hashKeyForLog(secrets, key),
        edges: [edge.id, owner.id],
        epochs: [held.epoch, other.epoch],
      });
    }
  }

  /** What the edge holds of the key, with a connection. */
  async #heldBy(edge: EdgeRef, key: AffinityKey): Promise<HeldKey | undefined> {
    const held = await this.#options.links.listClaims(edge, bucketOf(key));
    return held?.find((claim) => claim.key === key && claim.isOpen);
  }

  #fence({ edge, held: { key, epoch } }: Outdated): void {
    this.#options.links.tell(edge, { type: 'fence', sessions: [{ key, epoch }] });
  }

  /**
   * Pins that no edge has claimed in two rounds get the mark that was lost: nobody ever came with the placement, or the
   * edge does not know of it. Where that was too early, the next round makes them live again, long before they are removed.
   */
  async #markQuiet(edge: EdgeRef, unclaimed: readonly Pin[], repairs: Repairs): Promise<void> {
    const before = this.#unclaimed.get(edge.id);
    const again = unclaimed.filter(({ key, epoch }) => before?.get(key) === epoch);
    this.#unclaimed.set(edge.id, new Map(unclaimed.map(({ key, epoch }) => [key, epoch])));
    if (again.length === 0) return;
    await this.#options.directory.markPins(again, 'idle');
    repairs.markedIdle += again.length;
  }
}
