/**
 * Placement while the store does not answer. A key that an edge holds stays there; one that nobody holds goes to the first
 * by rank among the members that the store last had, on every front door the same. What was placed so is provisional: it
 * has the lowest epoch, and is put into the store when that is back, where the first one counts.
 */
import type { FleetSecrets } from '#shared/fleet-secrets.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import { hashKey, rankScore } from './core/rank.ts';
import type { KeyHash } from './core/rank.ts';
import type { Claim, Directory, EdgeRef, Pin, PinResult } from './directory/directory.ts';
import type { EdgeLinks } from './membership/edge-links.ts';
import type { MembershipSnapshot, SnapshotMember } from './membership/membership-snapshot.ts';

export interface OutageOptions {
  readonly directory: Directory;
  readonly snapshot: MembershipSnapshot;
  readonly links: EdgeLinks;
  readonly secrets: FleetSecrets;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
  /** Whether new keys are placed at all meanwhile. */
  readonly placesNewKeys: boolean;
}

/** Below every epoch that the directory gives. */
const provisionalEpoch = 1 as Epoch;
const provisionalMax = 500_000;
/** In one call; the directory writes them at once. */
const settledAtOnceMax = 1_000;
/** The store is back: other front doors may still have keys that they placed meanwhile. */
const cautiousMs = 5_000;

export class OutagePlacement {
  readonly #options: OutageOptions;
  readonly #provisional = new Map<AffinityKey, Pin>();
  #failedAtMs = -Infinity;
  #isDown = false;
  #isSettling = false;

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  /** The pin that was placed here and is not in the store yet. */
  find(key: AffinityKey): Pin | undefined {
    return this.#provisional.get(key);
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
    this.#isDown = true;
    this.#failedAtMs = this.#options.nowMs();
  }

  /** The store has been met anew: it may have gone back to an older copy of its data. */
  noteMeeting(): void {
    this.#failedAtMs = this.#options.nowMs();
  }

  /** The store answers again, but others may hold keys that it does not know: an edge is to be asked for a new key. */
  get isCautious(): boolean {
    return !this.#isDown && this.#options.nowMs() - this.#failedAtMs < cautiousMs;
  }

  /** Where the key goes although the store failed with `cause`; throws that where it goes nowhere. */
  async place(key: AffinityKey, cause: unknown): Promise<Pin> {
    const known = this.#provisional.get(key);
    if (known !== undefined) return known;
    const held = await this.findHeld(key);
    if (held.kind === 'held') return held.pin;
    if (held.kind === 'unsure' || !this.#options.placesNewKeys) throw cause;
    const first = firstByRank(hashKey(this.#options.secrets.placement, key), this.#options.snapshot.members);
    if (first === undefined || this.#provisional.size >= provisionalMax) throw cause;
    const pin = pinOf(key, first.edge, provisionalEpoch);
    this.#provisional.set(key, pin);
    this.#options.metrics.set('ct_proxy_provisional_pins', this.#provisional.size);
    return pin;
  }

  /** Asks every edge of the last known membership whether it holds the key. */
  async findHeld(key: AffinityKey): Promise<Held> {
    const { snapshot, links } = this.#options;
    const asked = snapshot.members.filter(({ edge }) => edge.kind === 'edge');
    const answers = await Promise.all(
      asked.map(async ({ edge }) => ({ edge, epoch: await links.epochHeld(edge, key) })),
    );
    let newest: Pin | undefined;
    for (const { edge, epoch } of answers) {
      if (epoch === undefined || epoch === 'nothing') continue;
      if (newest === undefined || epoch > newest.epoch) newest = pinOf(key, edge, epoch);
    }
    if (newest !== undefined) return { kind: 'held', pin: newest };
    // Who does not answer may hold it.
    return answers.every(({ epoch }) => epoch === 'nothing') ? { kind: 'free' } : { kind: 'unsure' };
  }

  /** Puts one provisional pin into the store; gives the pin that counts, undefined where its edge is not there to have it. */
  async settle(pin: Pin): Promise<Pin | undefined> {
    const [result] = await this.#restore([pin]);
    return result === undefined || result.kind === 'target-refused' ? undefined : result.pin;
  }

  /** Puts what was placed meanwhile into the store, until it fails again. */
  async settleAll(): Promise<void> {
    if (this.#isSettling || this.#provisional.size === 0) return;
    this.#isSettling = true;
    try {
      const startedWith = this.#provisional.size;
      while (this.#provisional.size > 0) {
        const pins = [...this.#provisional.values()].slice(0, settledAtOnceMax);
        await this.#restore(pins);
      }
      this.#options.log.info('pins.settled', { pins: startedWith });
    } finally {
      this.#isSettling = false;
    }
  }

  async #restore(pins: readonly Pin[]): Promise<readonly PinResult[]> {
    const claims: Claim[] = pins.map(({ key, owner, epoch }) => ({ key, owner, epoch }));
    const results = await this.#options.directory.restorePins(claims);
    for (const [i, result] of results.entries()) {
      const { key, owner, epoch } = claims[i]!;
      this.#provisional.delete(key);
      if (result.kind === 'found' && !isSame(result.pin, owner)) {
        // Another front door was first, by another view of the members: one of the two sessions ends here.
        this.#options.metrics.count('ct_proxy_split_detected_total');
        this.#options.links.tell(owner, { type: 'fence', sessions: [{ key, epoch }] });
      }
    }
    this.#options.metrics.set('ct_proxy_provisional_pins', this.#provisional.size);
    return results;
  }
}

export type Held =
  | { readonly kind: 'held'; readonly pin: Pin }
  | { readonly kind: 'free' }
  /** An edge did not answer. */
  | { readonly kind: 'unsure' };

function firstByRank(key: KeyHash, members: readonly SnapshotMember[]): SnapshotMember | undefined {
  let first: SnapshotMember | undefined;
  let best = -Infinity;
  for (const member of members) {
    const score = rankScore(key, member.hash, member.weight);
    if (score > best) [first, best] = [member, score];
  }
  return first;
}

function pinOf(key: AffinityKey, edge: EdgeRef & { readonly address: string }, epoch: Epoch): Pin {
  const { id, incarnation, address } = edge;
  return { key, owner: { id, incarnation }, epoch, state: 'live', address, ownerIsOver: false };
}

function isSame(pin: Pin, owner: EdgeRef): boolean {
  return pin.owner.id === owner.id && pin.owner.incarnation === owner.incarnation;
}
