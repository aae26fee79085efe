/**
 * The directory: which edge owns a key, and which edges may own keys at all. All times inside are the
 * directory's own clock; callers never compare it with theirs. Implementations must pass
 * `directory-conformance.ts`. Calls throw `directory-unavailable` when they cannot be carried out.
 */
import type { AffinityKey, EdgeId, Epoch, Incarnation } from '#shared/ids.ts';

export type EdgeKind = 'edge' | 'static';

export interface EdgeRegistration {
  readonly id: EdgeId;
  readonly kind: EdgeKind;
  /** Random per boot: the same boot gets the same incarnation from every front door. */
  readonly bootId: string;
  readonly address: string;
  readonly weight: number;
}

export interface EdgeRef {
  readonly id: EdgeId;
  readonly incarnation: Incarnation;
}

export interface Pin {
  readonly key: AffinityKey;
  readonly owner: EdgeRef;
  readonly epoch: Epoch;
  readonly state: 'live' | 'idle';
  /** Address of the owner's current registration. */
  readonly address: string;
  /** The owner may not serve it any more: another incarnation, gone, or its lease has lapsed. */
  readonly ownerIsOver: boolean;
}

/** A key, and where it goes if it has no pin. */
export interface AskedPlacement {
  readonly key: AffinityKey;
  readonly target: EdgeRef;
}

export type PinResult =
  /** We placed or moved the key. */
  | { readonly kind: 'won'; readonly pin: Pin }
  /** Somebody else had placed it; follow this pin. */
  | { readonly kind: 'found'; readonly pin: Pin }
  /** The target may not take keys: not registered so, not up, or its lease has lapsed. */
  | { readonly kind: 'target-refused' };

/** The result, where by it the key is not on this target. */
export function elsewhere(target: EdgeRef, result: PinResult): PinResult | undefined {
  if (result.kind === 'target-refused') return result;
  const { id, incarnation } = result.pin.owner;
  return id === target.id && incarnation === target.incarnation ? undefined : result;
}

/** Changes the owner of a pin whose owner has let its session go; `epoch` was reserved for it. */
export interface Handover {
  readonly key: AffinityKey;
  readonly seen: Epoch;
  /** An edge that is up; or the owner itself, which may drain: then it has its session back. */
  readonly target: EdgeRef;
  readonly epoch: Epoch;
}

export interface IdleMark {
  readonly key: AffinityKey;
  readonly epoch: Epoch;
}

export interface EdgeRow extends EdgeRegistration {
  readonly incarnation: Incarnation;
  readonly state: 'up' | 'draining' | 'gone';
  /** Left of the lease; negative when it has lapsed. */
  readonly leaseLeftMs: number;
}

/** What an edge that may serve says that it has. */
export interface Claim {
  readonly key: AffinityKey;
  readonly owner: EdgeRef;
  readonly epoch: Epoch;
}

/** A setting of the whole fleet, kept here so that every front door has the same. */
export interface FleetSetting {
  /** Rises with each change; 1 is the first. */
  readonly version: number;
  readonly value: string;
}

export interface Directory {
  /** Gives the boot its incarnation and a first lease; another boot of the same id ends the older one. */
  registerEdge(registration: EdgeRegistration): Promise<Incarnation>;
  /**
   * Takes an edge up again that the store has lost, for it went back to an older copy of its data: where it knows no
   * incarnation that is as high, the edge has this one and a lease. False where it does, also where that one is over.
   */
  restoreEdge(registration: EdgeRegistration, incarnation: Incarnation): Promise<boolean>;
  /** False when this incarnation is over, also by a lapsed lease; then it stays over. Static backends come back. */
  renewLease(edge: EdgeRef): Promise<boolean>;
  /**
   * Somebody is there to take renewals, and says so every `timing.attendIntervalMs`. Time in which nobody said so,
   * or did anything else here, counts against no lease.
   */
  attend(): Promise<void>;
  /**
   * Every lease that still runs counts from now. To be called when edges can reach a front door again, before it
   * places or moves a pin: an edge on its host has served on while nobody listened.
   */
  extendLeases(): Promise<void>;
  /** A draining edge keeps its pins and gets no new ones. */
  markDraining(edge: EdgeRef): Promise<void>;
  /** The edge takes keys again, if it was draining. */
  markUp(edge: EdgeRef): Promise<void>;
  /** The edge's process is proved dead, or it said goodbye: its pins may move at once. */
  markGone(edge: EdgeRef): Promise<void>;
  /** True when the incarnation may not serve any more. */
  isOver(edge: EdgeRef): Promise<boolean>;
  findPin(key: AffinityKey): Promise<Pin | undefined>;
  /** Stores the pin if there is none, and only onto a target that is up; atomic over all front doors. */
  insertPin(key: AffinityKey, target: EdgeRef): Promise<PinResult>;
  /**
   * As `insertPin` for each, in their order; many cost little more than one. Undefined where the key is on the target that was
   * asked for, whoever stored it.
   */
  storePins(asked: readonly AskedPlacement[]): Promise<readonly (PinResult | undefined)[]>;
  /** Moves a pin whose owner is over, if its epoch is still `seen`; the new epoch is higher. */
  movePin(key: AffinityKey, seen: Epoch, target: EdgeRef): Promise<PinResult>;
  /** Two epochs, the second one higher, that no pin has or will get but by `handOverPin`. */
  reserveEpochs(): Promise<readonly [Epoch, Epoch]>;
  /**
   * Moves a pin whose owner is alive and has promised not to serve the epoch `seen` again, if the pin still has
   * it. The caller holds the promise: the directory cannot know of it.
   */
  handOverPin(handover: Handover): Promise<PinResult>;
  /**
   * Puts a pin back that the store has lost: where there is none, or one with a lower epoch, the claim is the pin from
   * now on, and no epoch that is given out later is lower. Refused where the claimant may not serve; a pin with the same
   * or a higher epoch is `found`.
   */
  restorePin(claim: Claim): Promise<PinResult>;
  /** As `restorePin` for each, in their order; many cost little more than one. */
  restorePins(claims: readonly Claim[]): Promise<readonly PinResult[]>;
  /** Live pins of exactly this incarnation, whether it is over or not, after `after` in the order of their keys' bytes. */
  listLivePins(owner: EdgeRef, after: string, limit: number): Promise<readonly Pin[]>;
  /** The last connections of these keys closed (`idle`), or came back (`live`); stale epochs are ignored. */
  markPins(marks: readonly IdleMark[], state: 'idle' | 'live'): Promise<void>;
  /**
   * Removes up to `limit` pins that were idle for longer; returns their keys. Pins whose owner is over count
   * as idle from the first call that meets them, for no edge is left to say so.
   */
  removeIdlePins(idleForMs: number, limit: number): Promise<readonly AffinityKey[]>;
  /** Removes one pin if its epoch is still `seen`; the caller knows that nobody serves it. False where it is not. */
  removePin(key: AffinityKey, seen: Epoch): Promise<boolean>;
  listEdges(): Promise<readonly EdgeRow[]>;
  listPins(limit: number): Promise<readonly Pin[]>;
  countPins(): Promise<number>;
  /** Of the newest incarnation of each edge; who has none is not in it. Looks at every pin: for people who ask, not for a loop. */
  countPinsByEdge(): Promise<ReadonlyMap<EdgeId, number>>;
  readFleetSetting(name: string): Promise<FleetSetting | undefined>;
  /** Changes it if its version is still `seen`, which is 0 where it was never written; false where somebody was faster. */
  writeFleetSetting(name: string, value: string, seen: number): Promise<boolean>;
  close(): Promise<void>;
}
