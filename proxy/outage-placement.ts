/**
 * Placement while the store does not answer. A key that an edge holds stays there; one that nobody holds goes to the first
 * by rank among the members that the store last had, on every front door the same. What was placed so is provisional: it
 * has the lowest epoch, and is put into the store when that is back, where the first one counts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { hashKeyForLog } from '#shared/fleet-secrets.ts';
import type { FleetSecrets } from '#shared/fleet-secrets.ts';
import { formatOwner, provisionalEpoch } from '#shared/ids.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import { timing } from '#shared/timing.ts';
import { judgeOutage } from './core/judge-outage.ts';
import type { HeardOfDoors } from './core/judge-outage.ts';
import { hashKey } from './core/rank.ts';
import type { KeyHash } from './core/rank.ts';
import { elsewhere } from './directory/directory.ts';
import type { Claim, Directory, EdgeRef, Pin, PinResult } from './directory/directory.ts';
import type { EdgeLinks } from './membership/edge-links.ts';
import type { EdgePool } from './membership/pool.ts';
import type { MembershipSnapshot } from './membership/membership-snapshot.ts';
import { partPins, putIntoStore, putOneIntoStore } from './provisional-pins.ts';

export interface OutageOptions {
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly snapshot: MembershipSnapshot;
  readonly links: EdgeLinks;
  readonly secrets: FleetSecrets;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  /** Whether new keys are placed at all meanwhile. */
  readonly placesNewKeys: () => boolean;
}

const provisionalMax = 500_000;
/** As long as an edge may be without a lease and yet be there, with time to spare. */
const lostEdgeMs = 2 * timing.leaseMs;
/** In one call; the directory writes them at once. */
const settledAtOnce = 900;
/** Calls under way: while the store writes for one, the other's pins are read and concluded here. */
const settlingMax = 2;
/** Between two looks whether others reach it. */
const lookIntervalMs = 200;
/** So long after its failure, or their last word, somebody waits for the others'; later, without it, nobody does. */
const wordMaxMs = timing.takeoverWaitMs;
/** The store is back: other front doors may still have keys that they placed meanwhile. */
const cautiousMs = 5_000;

export class OutagePlacement {
  readonly #options: OutageOptions;
  readonly #provisional = new Map<AffinityKey, Provisional>();
  #failedAtMs = -Infinity;
  #metAtMs = -Infinity;
  #isDown = false;
  #downSinceMs = 0;
  /** When others last said what is down: the store, or this front door's way to it. */
  #wordAtMs = -Infinity;
  #isSettling = false;
  #awaitingWord: Promise<void> | undefined;
  /** Comparisons with the edges' claims that have not ended. */
  #comparing = 0;

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  /** The pin that was placed here and is not in the store yet. */
  find(key: AffinityKey): Pin | undefined {
    return this.#provisional.get(key)?.pin;
  }

  /** The store has failed, and has not answered since: nobody is to wait for it. */
  get isDown(): boolean {
    return this.#isDown;
  }

  /** A call of this process has come back from the store, or failed there. */
  noteAnswer(): void {
    this.#isDown = false;
  }

  noteFailure(): void {
    if (!this.#isDown) this.#downSinceMs = this.#options.nowMs();
    this.#isDown = true;
    this.#failedAtMs = this.#options.nowMs();
  }

  /** The store has been met anew: it may have gone back to an older copy of its data, until all is `compared`. */
  noteMeeting(compared: Promise<void>): void {
    this.#metAtMs = this.#options.nowMs();
    this.#comparing++;
    void compared.finally(() => this.#comparing--);
  }

  /** Its pins may be of long ago: an edge may hold a key by a newer one. */
  get mayHaveGoneBack(): boolean {
    return this.#comparing > 0 || this.#options.nowMs() - this.#metAtMs < cautiousMs;
  }

  /** The store answers again, but others may hold keys that it does not know: an edge is to be asked for a new key. */
  get isCautious(): boolean {
    const isRecent = this.#options.nowMs() - this.#failedAtMs < cautiousMs;
    return !this.#isDown && (isRecent || this.mayHaveGoneBack);
  }

  /**
   * Where others may be placing a new key at this moment, who do not know yet that the store is back: by load, it would go
   * to another edge here. Undefined where nobody is.
   */
  rankedElsewhere(hash: KeyHash): EdgeRef | undefined {
    return this.isCautious ? this.#options.snapshot.firstByRank(hash)?.edge : undefined;
  }

  /**
   * Where the key goes although the store failed with `cause`; throws that where it goes nowhere, and gives undefined where
   * the store answers again. Where another front door reaches the store, this one places nothing new: it is the one that is cut off.
   */
  async place(key: AffinityKey, cause: unknown): Promise<Pin | undefined> {
    const known = this.find(key);
    if (known !== undefined) return known;
    let held = await this.findHeld(key);
    if (this.#verdict(held) === undefined && this.#mayWait) {
      this.#awaitingWord ??= this.#awaitWord(key).finally(() => (this.#awaitingWord = undefined));
      await this.#awaitingWord;
      held = await this.findHeld(key);
    }
    if (held.kind === 'held') {
      // What comes back may be a copy that lacks it.
      this.keep(held.pin);
      return held.pin;
    }
    if (!this.#isDown) return undefined;
    const refusal = this.#refusalOf(held);
    if (refusal === undefined) return this.#placeByRank(key, cause);
    this.#options.metrics.count('ct_proxy_outage_refusals_total', { reason: refusal });
    throw cause;
  }

  #refusalOf(held: Held): OutageRefusal | undefined {
    if (held.kind === 'unsure') return 'edge-silent';
    const verdict = this.#verdict(held);
    if (verdict === 'cut-off') return 'cut-off';
    if (verdict !== 'away') return 'no-word';
    return this.#options.placesNewKeys() ? undefined : 'not-wanted';
  }

  /** One asks for all who wait, and whose key that is makes no difference. */
  async #awaitWord(key: AffinityKey): Promise<void> {
    while (this.#mayWait) {
      await sleep(lookIntervalMs);
      if (this.#verdict(await this.findHeld(key)) !== undefined) return;
    }
  }

  /** Soon after the failure, or after somebody's word: a busy machine's next one is late. */
  get #mayWait(): boolean {
    return this.#isDown && this.#options.nowMs() - Math.max(this.#downSinceMs, this.#wordAtMs) < wordMaxMs;
  }

  /** Undefined where nobody knows. */
  #verdict(held: Held): 'held' | ReturnType<typeof judgeOutage> {
    const { nowMs } = this.#options;
    if (held.kind === 'held') return 'held';
    const verdict = held.kind === 'free' ? judgeOutage(held.heard, nowMs() - this.#downSinceMs) : undefined;
    if (verdict !== undefined) this.#wordAtMs = nowMs();
    return verdict;
  }

  #placeByRank(key: AffinityKey, cause: unknown): Pin {
    const { secrets, snapshot } = this.#options;
    const first = snapshot.firstByRank(hashKey(secrets.placement, key));
    if (first === undefined || this.#provisional.size >= provisionalMax) throw cause;
    const pin = pinOf(key, first.edge, provisionalEpoch);
    this.keep(pin);
    return pin;
  }

  /** The store is to have this pin as soon as it takes it; not so where too many wait for that. */
  keep(pin: Pin): void {
    if (this.#provisional.size >= provisionalMax && !this.#provisional.has(pin.key)) return;
    this.#provisional.set(pin.key, { pin, sinceMs: this.#options.nowMs() });
    this.#showCount();
  }

  #showCount(): void {
    this.#options.metrics.set('ct_proxy_provisional_pins', this.#provisional.size);
  }

  /** Asks every edge whether it holds the key. */
  async findHeld(key: AffinityKey): Promise<Held> {
    const { links } = this.#options;
    const answers = await Promise.all(
      this.#edges().map(async (edge) => ({ edge, answer: await links.askHolder(edge, key) })),
    );
    let newest: Pin | undefined;
    let [renewedAgoMs, heardAgoMs] = [Infinity, 0];
    for (const { edge, answer } of answers) {
      renewedAgoMs = Math.min(renewedAgoMs, answer?.heard.renewedAgoMs ?? Infinity);
      heardAgoMs = Math.max(heardAgoMs, answer?.heard.heardAgoMs ?? Infinity);
      const epoch = answer?.epoch;
      if (epoch !== undefined && epoch > (newest?.epoch ?? 0)) newest = pinOf(key, edge, epoch);
    }
    if (newest !== undefined) return { kind: 'held', pin: newest };
    // Who does not answer may hold it.
    const isSure = answers.every(({ answer }) => answer !== undefined);
    return isSure ? { kind: 'free', heard: { renewedAgoMs, heardAgoMs } } : { kind: 'unsure' };
  }

  /** Those of the last known membership, and those that report here: a store that has gone back may not know them. */
  #edges(): (EdgeRef & { readonly address: string })[] {
    const { snapshot, pool, nowMs } = this.#options;
    const known = [...snapshot.members.map(({ edge }) => edge), ...pool.list(nowMs())];
    const edges = known.filter(({ kind }) => kind === 'edge');
    return [...new Map(edges.map((edge) => [formatOwner(edge.id, edge.incarnation), edge])).values()];
  }

  /** Puts one provisional pin into the store; gives the pin that counts, undefined where its edge is over. */
  async settle(pin: Pin): Promise<{ readonly pin: Pin; readonly isStored: boolean } | undefined> {
    const result = await putOneIntoStore(this.#options.directory, pin);
    this.#conclude(pin, result);
    this.#showCount();
    if (result.kind !== 'target-refused') return { pin: result.pin, isStored: true };
    return this.#provisional.has(pin.key) ? { pin, isStored: false } : undefined;
  }

  /** Puts what was placed meanwhile into the store, until it fails again. */
  async settleAll(): Promise<void> {
    if (this.#isSettling || this.#isDown || this.#provisional.size === 0) return;
    this.#isSettling = true;
    try {
      const pins = [...this.#provisional.values()].map(({ pin }) => pin);
      const parts = partPins(pins, settledAtOnce, this.#options.random);
      const work = async (): Promise<void> => {
        for (let part = parts.pop(); part !== undefined; part = parts.pop()) await this.#restore(part);
      };
      // All of them end before the next round begins.
      const ended = await Promise.allSettled(Array.from({ length: settlingMax }, work));
      for (const end of ended) if (end.status === 'rejected') throw end.reason;
      this.#options.log.info('pins.settled', { pins: pins.length, left: this.#provisional.size });
    } finally {
      this.#isSettling = false;
    }
  }

  async #restore(pins: readonly Pin[]): Promise<void> {
    const claims: Claim[] = pins.map(({ key, owner, epoch }) => ({ key, owner, epoch }));
    const results = await putIntoStore(this.#options.directory, claims);
    for (const [i, result] of results.entries()) this.#conclude(claims[i]!, result);
    this.#showCount();
  }

  /** `result`: undefined where the key is with the claimant. */
  #conclude({ key, owner, epoch }: Claim, result: PinResult | undefined): void {
    const { nowMs, metrics, links, log, secrets } = this.#options;
    const other = result === undefined ? undefined : elsewhere(owner, result);
    const { sinceMs = 0 } = this.#provisional.get(key) ?? {};
    // An edge that the store has lost is put back with its next report.
    if (other?.kind === 'target-refused' && nowMs() - sinceMs < lostEdgeMs) return;
    this.#provisional.delete(key);
    if (other?.kind !== 'found') return;
    // Another front door was first, by another view of the members: one of the two sessions ends here.
    if (epoch === provisionalEpoch) {
      metrics.count('ct_proxy_split_detected_total');
      log.error('split.detected', {
        key: hashKeyForLog(secrets, key),
        edges: [owner.id, other.pin.owner.id],
        epochs: [epoch, other.pin.epoch],
      });
    }
    links.tell(owner, { type: 'fence', sessions: [{ key, epoch }] });
  }
}

interface Provisional {
  readonly pin: Pin;
  readonly sinceMs: number;
}

/** Why a key is placed nowhere while the store is down: see `ct_proxy_outage_refusals_total`. */
type OutageRefusal = 'edge-silent' | 'cut-off' | 'no-word' | 'not-wanted';

export type Held =
  | { readonly kind: 'held'; readonly pin: Pin }
  /** `heard`: by any edge of a renewal, and by all of them of every front door. */
  | { readonly kind: 'free'; readonly heard: HeardOfDoors }
  /** An edge did not answer. */
  | { readonly kind: 'unsure' };

function pinOf(key: AffinityKey, edge: EdgeRef & { readonly address: string }, epoch: Epoch): Pin {
  const { id, incarnation, address } = edge;
  return { key, owner: { id, incarnation }, epoch, state: 'live', address, ownerIsOver: false };
}
