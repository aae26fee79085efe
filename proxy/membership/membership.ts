/**
 * Keeps directory and pool in step with what happens to edges: who joins, reports, drains, says goodbye or
 * falls silent. Pins of a silent edge move only after a proof: this machine refuses connections to it, a newer
 * boot registered, or its lease has lapsed on the directory's clock.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EdgeReport } from '#shared/control-protocol.ts';
import type { HandoffOffer } from '#shared/handoff-offer.ts';
import { parseAffinityKey, provisionalEpoch } from '#shared/ids.ts';
import type { EdgeId, Epoch, Incarnation } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import { nameOwnNetwork } from '#shared/own-network.ts';
import { defaultRegion } from '#shared/regions.ts';
import { timing } from '#shared/timing.ts';
import type { Directory, EdgeRef, EdgeRegistration, IdleMark } from '../directory/directory.ts';
import { isStoreFailure } from '../directory/store-failure.ts';
import type { ProbeResult } from './death-probe.ts';
import type { LeasePromises } from './lease-promises.ts';
import type { EdgeMember, EdgePool } from './pool.ts';

export interface Joining extends EdgeRegistration {
  readonly sessionsMax: number;
  readonly version: string;
  readonly adminAddress: string;
  readonly region?: string;
  readonly publicUrl?: string | undefined;
  readonly handoff?: HandoffOffer | undefined;
  /** By its own word, which it has from another front door. */
  readonly incarnation?: number | undefined;
}

interface Admission {
  readonly incarnation: Incarnation;
  /** Without the store's word; it has our promise. */
  readonly isPromised: boolean;
}

/** Not long, for an edge that does not hear from all front doors stops itself soon; its first report asks the store again. */
const admissionPatienceMs = 250;

/** `over`: the incarnation may not serve any more; `promised`: the store did not say. */
export type EdgeStanding = 'renewed' | 'over' | 'promised';

interface MembershipOptions {
  readonly directory: Directory;
  readonly promises: LeasePromises;
  /** The store had lost an edge, and so perhaps its pins. */
  readonly onRestored: () => void;
  readonly pool: EdgePool;
  readonly log: Log;
  /** Whether the process behind an address is gone: `probeAddress`. */
  readonly probe: (address: string) => Promise<ProbeResult>;
  /** The edge is over, as the directory says too. */
  readonly onLost: (edge: EdgeMember) => void;
  readonly nowMs: () => number;
  /** Aborts when the process stops. */
  readonly signal: AbortSignal;
}

/** Connections are handed on within it alone. */
const ownNetwork = nameOwnNetwork();

export class Membership {
  readonly #options: MembershipOptions;
  /** Of the newest boot of each edge. */
  readonly #registrations = new Map<EdgeId, EdgeRegistration & { readonly incarnation: Incarnation }>();
  /** Edges that the store has from us as draining. */
  readonly #draining = new Set<EdgeId>();

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Takes an edge in; it gets keys once it reports that it is ready. */
  async join(joining: Joining): Promise<{ readonly edge: EdgeRef; readonly isPromised: boolean }> {
    const { pool, log, nowMs, onLost } = this.#options;
    const { id, kind, bootId, address, weight, sessionsMax, version, adminAddress, handoff } = joining;
    const { region = defaultRegion, publicUrl } = joining;
    const registration = { id, kind, bootId, address, weight };
    const { incarnation, isPromised } = await this.#admit(registration, joining.incarnation);
    this.#registrations.set(id, { ...registration, incarnation });
    const isNew = pool.find({ id, incarnation }) === undefined;
    if (isNew) this.#draining.delete(id);
    const edge = { id, incarnation };
    const member: EdgeMember = {
      ...edge,
      kind,
      address,
      weight,
      sessionsMax,
      version,
      adminAddress,
      region,
      publicUrl,
      handoff: handoff?.network === ownNetwork ? handoff : undefined,
      joinedAtMs: nowMs(),
    };
    const older = pool.list(nowMs()).find((known) => known.id === id && known.incarnation < incarnation);
    pool.join(member, 'suspect');
    if (older !== undefined) this.#options.promises.noteOver(older);
    if (older?.kind === 'edge') onLost(older);
    const message = `Mooring v${version} edge ${id} connected`;
    if (isNew) log.info('edge.joined', { edge: id, incarnation, address, version, message });
    return { edge, isPromised };
  }

  /**
   * One that another front door has registered has its lease renewed here, and is taken at its word where the store does not
   * say in time: a front door that is added would otherwise end it, for it serves without a lease only while all of them promise
   * to leave its pins. It is not registered again: what the store does late would end a newer boot.
   */
  async #admit(registration: EdgeRegistration, claimed: number | undefined): Promise<Admission> {
    const { promises } = this.#options;
    const isStale =
      claimed === undefined || claimed < (this.#registrations.get(registration.id)?.incarnation ?? 0);
    const edge = { id: registration.id, incarnation: claimed as Incarnation };
    if (!isStale && !promises.isOver(edge)) {
      const renewing = this.#renewOrRestore(edge, registration);
      void renewing.then((isRenewed) => isRenewed || promises.noteOver(edge)).catch(() => undefined);
      const renewed = await this.#inTime(renewing, admissionPatienceMs);
      if (renewed === undefined) promises.promise(edge);
      if (renewed !== false) return { incarnation: edge.incarnation, isPromised: renewed === undefined };
    }
    return { incarnation: await this.#register(registration), isPromised: false };
  }

  /**
   * An edge that lost its connection while the store does not answer is what it was: without that it would stop itself, and
   * whatever it holds would be away until the store is back. If it is not any more, its next renewal tells.
   */
  async #register(registration: EdgeRegistration): Promise<Incarnation> {
    const { directory, pool, promises } = this.#options;
    const registering = directory.registerEdge(registration);
    const known = this.#registrations.get(registration.id);
    const isSame = known?.bootId === registration.bootId && pool.find(known) !== undefined;
    if (!isSame || promises.isOver(known)) return await registering;
    return (await this.#inTime(registering)) ?? known.incarnation;
  }

  /**
   * Takes a report in and renews the lease. Where the store does not say in time whether it is renewed, the edge has our
   * promise instead, and the report counts for the choice among edges all the same.
   */
  async report(edge: EdgeRef, report: EdgeReport): Promise<EdgeStanding> {
    const { pool, promises, log } = this.#options;
    const before = pool.list(this.#options.nowMs()).find((known) => known.id === edge.id)?.state;
    const renewing = this.#renew(edge, report);
    // Also where its answer comes too late to be told now.
    void renewing.then((isRenewed) => isRenewed || promises.noteOver(edge)).catch(() => undefined);
    const renewed = await this.#inTime(renewing);
    if (renewed === false || (renewed === undefined && promises.isOver(edge))) return 'over';
    pool.report(edge, report);
    if (before === 'suspect' && report.state === 'ready')
      log.info('edge.ready', { edge: edge.id, message: `Mooring edge ${edge.id} ready for sessions` });
    if (renewed === true) return 'renewed';
    // Whatever becomes of it: the edge is not told.
    promises.promise(edge);
    return 'promised';
  }

  async #renew(edge: EdgeRef, report: EdgeReport): Promise<boolean> {
    const { directory, log } = this.#options;
    const isDraining = report.state === 'draining';
    // What the store was not told, as it did not answer, is told with the next report.
    if (isDraining !== this.#draining.has(edge.id)) {
      if (isDraining) await directory.markDraining(edge);
      else await directory.markUp(edge);
      if (isDraining) this.#draining.add(edge.id);
      else this.#draining.delete(edge.id);
      if (isDraining) log.info('edge.draining', { edge: edge.id });
    }
    const registration = this.#options.pool.find(edge) && this.#registrations.get(edge.id);
    const renewed = await this.#renewOrRestore(edge, registration);
    if (renewed) await this.#markPins(report);
    return renewed;
  }

  /** With its registration it is put back where the store has no word of it: that went back to an older copy of its data. */
  async #renewOrRestore(edge: EdgeRef, registration: EdgeRegistration | undefined): Promise<boolean> {
    const { directory } = this.#options;
    if (await directory.renewLease(edge)) return true;
    if (registration === undefined) return false;
    // Another front door may have put it back in between.
    if (!(await directory.restoreEdge(registration, edge.incarnation)))
      return await directory.renewLease(edge);
    // It stands there as up: that it drains is told with the next report.
    this.#draining.delete(edge.id);
    this.#options.onRestored();
    this.#options.log.warn('edge.restored', { edge: edge.id, incarnation: edge.incarnation });
    return true;
  }

  suspect(edge: EdgeRef, cause: string): void {
    if (this.#options.pool.find(edge) === undefined) return;
    this.#options.pool.setState(edge, 'suspect');
    this.#options.log.warn('edge.suspected', { edge: edge.id, cause });
  }

  /** The edge is over by proof or by its own word. */
  async lose(edge: EdgeRef, cause: string): Promise<void> {
    await this.#options.directory.markGone(edge);
    this.#drop(edge, cause);
  }

  /**
   * Follows an edge whose control connection broke until it is back, proved dead, or over by its lease.
   * `isBack` tells that the same incarnation joined again.
   */
  async followSilence(edge: EdgeRef, isBack: () => boolean): Promise<void> {
    const { directory, pool, probe, signal } = this.#options;
    const member = pool.find(edge);
    if (member === undefined || signal.aborted) return;
    this.suspect(edge, 'the control connection broke');
    while (!signal.aborted && !isBack() && pool.find(edge) !== undefined) {
      try {
        if ((await probe(member.address)) === 'refused') return await this.lose(edge, 'connection refused');
        if (await directory.isOver(edge)) return this.#drop(edge, 'lease lapsed');
      } catch (error) {
        // Nobody is judged while the store does not answer.
        if (!isStoreFailure(error)) throw error;
      }
      await sleep(timing.deathProbeIntervalMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #drop(edge: EdgeRef, cause: string): void {
    // It may come back, to a front door that does not know it any more.
    this.#options.promises.noteOver(edge);
    const member = this.#options.pool.find(edge);
    if (member === undefined) return;
    this.#options.pool.leave(edge);
    this.#options.log.warn('edge.lost', { edge: edge.id, incarnation: edge.incarnation, cause });
    this.#options.onLost(member);
  }

  /** Undefined where the store failed, or has had its time. */
  async #inTime<T>(asking: Promise<T>, maxMs: number = timing.renewPatienceMs): Promise<T | undefined> {
    const { signal } = this.#options;
    const patience = sleep(maxMs, undefined, { signal, ref: false }).catch(() => undefined);
    return await Promise.race([asking, patience]).catch((error: unknown) => {
      if (!isStoreFailure(error)) throw error;
      return undefined;
    });
  }

  async #markPins(report: EdgeReport): Promise<void> {
    const { directory } = this.#options;
    const [live, idle] = [toMarks(report.live), toMarks(report.idle)];
    if (live.length > 0) await directory.markPins(live, 'live');
    if (idle.length > 0) await directory.markPins(idle, 'idle');
  }
}

/** Without those of keys that were placed while the store was away: none of its pins has their epoch. */
function toMarks(states: readonly { key: string; epoch: number }[]): IdleMark[] {
  return states.flatMap(({ key, epoch }) => {
    const parsed = epoch === provisionalEpoch ? undefined : parseAffinityKey(key);
    return parsed === undefined ? [] : [{ key: parsed, epoch: epoch as Epoch }];
  });
}
