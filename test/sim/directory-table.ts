/**
 * The directory of a simulation: its tables in memory, each call one step. No stand-in of its own kind: it keeps the
 * conformance suite that the real ones keep (`directory-table.test.ts`), at a tenth of their price.
 */
import type { AffinityKey, EdgeId, Epoch, Incarnation } from '#shared/ids.ts';
import { timing } from '#shared/timing.ts';
import { elsewhere } from '../../proxy/directory/directory.ts';
import type {
  Claim,
  Directory,
  EdgeRef,
  EdgeRegistration,
  EdgeRow,
  FleetSetting,
  Handover,
  IdleMark,
  Pin,
  PinResult,
} from '../../proxy/directory/directory.ts';

interface EdgeEntry extends EdgeRegistration {
  readonly incarnation: Incarnation;
  weight: number;
  state: 'up' | 'draining' | 'gone';
  leaseUntilMs: number;
}

export interface PinEntry {
  readonly owner: EdgeRef;
  readonly epoch: Epoch;
  state: 'live' | 'idle';
  idleSinceMs: number;
}

export class DirectoryTable {
  readonly pins = new Map<AffinityKey, PinEntry>();
  /** Told of each new owner of a key, before anybody else is. */
  onPinned: (key: AffinityKey, pin: PinEntry) => void = () => undefined;
  readonly #fleetSettings = new Map<string, FleetSetting>();
  readonly #edges = new Map<EdgeId, EdgeEntry>();
  readonly #hostMs: () => number;
  #clockMs = 0;
  #epoch = 0;

  /** `hostMs` may jump, also back. */
  constructor(hostMs: () => number) {
    this.#hostMs = hostMs;
  }

  registerEdge(registration: EdgeRegistration): Incarnation {
    const known = this.#edges.get(registration.id);
    if (known?.bootId === registration.bootId) {
      known.weight = registration.weight;
      return known.incarnation;
    }
    const incarnation = ((known?.incarnation ?? 0) + 1) as Incarnation;
    const leaseUntilMs = this.#readClock() + timing.leaseMs;
    this.#edges.set(registration.id, { ...registration, incarnation, state: 'up', leaseUntilMs });
    return incarnation;
  }

  restoreEdge(registration: EdgeRegistration, incarnation: Incarnation): boolean {
    if ((this.#edges.get(registration.id)?.incarnation ?? 0) >= incarnation) return false;
    const leaseUntilMs = this.#readClock() + timing.leaseMs;
    this.#edges.set(registration.id, { ...registration, incarnation, state: 'up', leaseUntilMs });
    return true;
  }

  renewLease(edge: EdgeRef): boolean {
    const entry = this.#entryOf(edge);
    const now = this.#readClock();
    const mayRenew = entry?.kind === 'static' || (entry !== undefined && entry.leaseUntilMs > now);
    if (entry === undefined || entry.state === 'gone' || !mayRenew) return false;
    entry.leaseUntilMs = now + timing.leaseMs;
    return true;
  }

  attend(): void {
    this.#readClock();
  }

  extendLeases(): void {
    const asOfMs = this.#clockMs;
    this.#readClock();
    this.#extend(asOfMs);
  }

  setState(edge: EdgeRef, state: EdgeEntry['state']): void {
    const entry = this.#entryOf(edge);
    if (entry === undefined || entry.state === 'gone') return;
    if (state !== 'up' || entry.state === 'draining') entry.state = state;
  }

  isOver(edge: EdgeRef): boolean {
    const entry = this.#entryOf(edge);
    return entry === undefined || entry.state === 'gone' || entry.leaseUntilMs <= this.#readClock();
  }

  findPin(key: AffinityKey): Pin | undefined {
    const pin = this.pins.get(key);
    if (pin === undefined) return undefined;
    const { owner, epoch, state } = pin;
    const { address } = this.#edges.get(owner.id)!;
    return { key, owner, epoch, state, address, ownerIsOver: this.isOver(owner) };
  }

  insertPin(key: AffinityKey, target: EdgeRef): PinResult {
    const found = this.findPin(key);
    if (found !== undefined) return { kind: 'found', pin: found };
    return this.#isUp(target) ? this.#put(key, target, this.#nextEpoch()) : { kind: 'target-refused' };
  }

  movePin(key: AffinityKey, seen: Epoch, target: EdgeRef): PinResult {
    const pin = this.findPin(key);
    if (pin === undefined) return this.insertPin(key, target);
    if (pin.epoch !== seen || !pin.ownerIsOver) return { kind: 'found', pin };
    return this.#isUp(target) ? this.#put(key, target, this.#nextEpoch()) : { kind: 'target-refused' };
  }

  reserveEpochs(): readonly [Epoch, Epoch] {
    return [this.#nextEpoch(), this.#nextEpoch()];
  }

  handOverPin({ key, seen, target, epoch }: Handover): PinResult {
    const pin = this.findPin(key);
    if (pin === undefined) return { kind: 'target-refused' };
    if (pin.epoch !== seen) return { kind: 'found', pin };
    const entry = this.#entryOf(target);
    const isOwn = pin.owner.id === target.id && pin.owner.incarnation === target.incarnation;
    const mayHave = this.#isUp(target) || (isOwn && entry?.state === 'draining' && !this.isOver(target));
    return mayHave && epoch > seen ? this.#put(key, target, epoch) : { kind: 'target-refused' };
  }

  restorePin({ key, owner, epoch }: Claim): PinResult {
    const pin = this.findPin(key);
    if (pin !== undefined && pin.epoch >= epoch) return { kind: 'found', pin };
    if (this.isOver(owner)) return { kind: 'target-refused' };
    this.#epoch = Math.max(this.#epoch, epoch);
    return this.#put(key, owner, epoch);
  }

  listLivePins(owner: EdgeRef, after: string, limit: number): Pin[] {
    const keys = [...this.pins].filter(
      ([key, pin]) =>
        key > after &&
        pin.state === 'live' &&
        pin.owner.id === owner.id &&
        pin.owner.incarnation === owner.incarnation,
    );
    return keys
      .map(([key]) => key)
      .toSorted()
      .slice(0, limit)
      .map((key) => this.findPin(key)!);
  }

  readFleetSetting(name: string): FleetSetting | undefined {
    return this.#fleetSettings.get(name);
  }

  writeFleetSetting(name: string, value: string, seen: number): boolean {
    if ((this.#fleetSettings.get(name)?.version ?? 0) !== seen) return false;
    this.#fleetSettings.set(name, { version: seen + 1, value });
    return true;
  }

  markPins(marks: readonly IdleMark[], state: 'idle' | 'live'): void {
    const now = this.#readClock();
    for (const { key, epoch } of marks) {
      const pin = this.pins.get(key);
      if (pin?.epoch === epoch) Object.assign(pin, { state, idleSinceMs: now });
    }
  }

  removeIdlePins(idleForMs: number, limit: number): AffinityKey[] {
    const now = this.#readClock();
    const removed: AffinityKey[] = [];
    for (const [key, pin] of this.pins) {
      if (pin.state === 'live' && this.isOver(pin.owner))
        Object.assign(pin, { state: 'idle', idleSinceMs: now });
      if (pin.state === 'live' || pin.idleSinceMs > now - idleForMs || removed.length >= limit) continue;
      this.pins.delete(key);
      removed.push(key);
    }
    return removed;
  }

  removePin(key: AffinityKey, seen: Epoch): boolean {
    return this.pins.get(key)?.epoch === seen && this.pins.delete(key);
  }

  listEdges(): EdgeRow[] {
    const now = this.#readClock();
    return [...this.#edges.values()]
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ leaseUntilMs, ...edge }) => ({ ...edge, leaseLeftMs: leaseUntilMs - now }));
  }

  countPinsByEdge(): ReadonlyMap<EdgeId, number> {
    const counts = new Map<EdgeId, number>();
    for (const { owner } of this.pins.values()) {
      const id = this.#entryOf(owner)?.id;
      if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  }

  listPins(limit: number): Pin[] {
    const newest = [...this.pins].toSorted(([, a], [, b]) => b.epoch - a.epoch).slice(0, limit);
    return newest.map(([key]) => this.findPin(key)!);
  }

  #put(key: AffinityKey, owner: EdgeRef, epoch: Epoch): PinResult {
    const pin: PinEntry = {
      owner: { id: owner.id, incarnation: owner.incarnation },
      epoch,
      state: 'live',
      idleSinceMs: 0,
    };
    this.pins.set(key, pin);
    this.onPinned(key, pin);
    return { kind: 'won', pin: this.findPin(key)! };
  }

  #entryOf({ id, incarnation }: EdgeRef): EdgeEntry | undefined {
    const entry = this.#edges.get(id);
    return entry?.incarnation === incarnation ? entry : undefined;
  }

  #isUp(edge: EdgeRef): boolean {
    return this.#entryOf(edge)?.state === 'up' && !this.isOver(edge);
  }

  /** Kept from running backwards. Time in which nobody read it counts against no lease. */
  #readClock(): number {
    const seenMs = this.#clockMs;
    this.#clockMs = Math.max(seenMs, this.#hostMs());
    if (this.#clockMs - seenMs > timing.unattendedAfterMs) this.#extend(seenMs);
    return this.#clockMs;
  }

  /** Who was over already at that time stays over. */
  #extend(asOfMs: number): void {
    const untilMs = this.#clockMs + timing.leaseMs;
    for (const edge of this.#edges.values()) {
      if (edge.state !== 'gone' && edge.leaseUntilMs > asOfMs)
        edge.leaseUntilMs = Math.max(edge.leaseUntilMs, untilMs);
    }
  }

  #nextEpoch(): Epoch {
    return ++this.#epoch as Epoch;
  }
}

/** Brings a call to the table and its answer back, or fails. */
export type Carry = <T>(run: () => T) => Promise<T>;

/** A front door's connection to the table. */
export function connectDirectory(table: DirectoryTable, carry: Carry): Directory {
  return {
    registerEdge: (registration) => carry(() => table.registerEdge(registration)),
    restoreEdge: (...lost) => carry(() => table.restoreEdge(...lost)),
    renewLease: (edge) => carry(() => table.renewLease(edge)),
    attend: () => carry(() => table.attend()),
    extendLeases: () => carry(() => table.extendLeases()),
    markDraining: (edge) => carry(() => table.setState(edge, 'draining')),
    markUp: (edge) => carry(() => table.setState(edge, 'up')),
    markGone: (edge) => carry(() => table.setState(edge, 'gone')),
    isOver: (edge) => carry(() => table.isOver(edge)),
    findPin: (key) => carry(() => table.findPin(key)),
    insertPin: (key, target) => carry(() => table.insertPin(key, target)),
    storePins: (asked) =>
      carry(() => asked.map(({ key, target }) => elsewhere(target, table.insertPin(key, target)))),
    movePin: (key, seen, target) => carry(() => table.movePin(key, seen, target)),
    reserveEpochs: () => carry(() => table.reserveEpochs()),
    handOverPin: (handover) => carry(() => table.handOverPin(handover)),
    restorePin: (claim) => carry(() => table.restorePin(claim)),
    restorePins: (claims) => carry(() => claims.map((claim) => table.restorePin(claim))),
    listLivePins: (owner, after, limit) => carry(() => table.listLivePins(owner, after, limit)),
    markPins: (marks, state) => carry(() => table.markPins(marks, state)),
    removeIdlePins: (idleForMs, limit) => carry(() => table.removeIdlePins(idleForMs, limit)),
    removePin: (key, seen) => carry(() => table.removePin(key, seen)),
    listEdges: () => carry(() => table.listEdges()),
    listPins: (limit) => carry(() => table.listPins(limit)),
    countPins: () => carry(() => table.pins.size),
    countPinsByEdge: () => carry(() => table.countPinsByEdge()),
    readFleetSetting: (name) => carry(() => table.readFleetSetting(name)),
    writeFleetSetting: (...change) => carry(() => table.writeFleetSetting(...change)),
    close: () => Promise.resolve(),
  };
}
