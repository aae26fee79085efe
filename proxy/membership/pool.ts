/**
 * The edges as this front door sees them right now: who reports, how loaded, in which state. A view for
 * placing new keys and for reaching edges; ownership is the directory's. Time is passed in.
 */
import type { EdgeLoad } from '#shared/control-protocol.ts';
import type { HandoffOffer } from '#shared/handoff-offer.ts';
import type { AffinityKey, EdgeId, Epoch, Incarnation } from '#shared/ids.ts';
import type { Candidate } from '../core/choose-edge.ts';
import { EdgeWatch } from '../core/edge-watch.ts';
import { eventLoopDelayMaxMs, scoreLoad } from '../core/load-score.ts';
import { hashEdgeId } from '../core/rank.ts';
import type { EdgeKind, EdgeRef } from '../directory/directory.ts';
import { meanSessionWork, workOf } from './edge-work.ts';

/** `gone` is for static backends: they stay in the list, for their checks go on. */
export type EdgeState = 'ready' | 'full' | 'suspect' | 'draining' | 'gone';

export interface EdgeMember extends EdgeRef {
  readonly kind: EdgeKind;
  readonly address: string;
  readonly weight: number;
  readonly sessionsMax: number;
  readonly version: string;
  readonly adminAddress: string;
  readonly region: string;
  readonly publicUrl?: string | undefined;
  readonly handoff?: HandoffOffer | undefined;
  readonly joinedAtMs: number;
}

/** A placement that the edge's last report does not include yet. */
interface UnreportedPlacement {
  readonly epoch: Epoch;
  readonly placedAtMs: number;
}

interface PoolEntry {
  member: EdgeMember;
  readonly hash: number;
  state: EdgeState;
  /** `changes` of the pool when the edge became ready. */
  readySince: number;
  load: EdgeLoad | undefined;
  /** Event-loop delay (p99) of the last two reports, the lower one: a single hiccup is no load. */
  steadyDelayMs: number;
  unreported: UnreportedPlacement[];
  /** Placements that the directory is being asked for. */
  pending: number;
  /** What exchanges tell of it. */
  readonly watch: EdgeWatch;
}

/** Why an edge that is well takes no new keys: an administrator wants it so, or it is in the settings no more. */
export type Hold = 'maintenance' | 'leaving';

/** What administrators want of an edge, whichever incarnation of it there is. */
export interface Steering {
  readonly weight?: number | undefined;
  readonly isInMaintenance?: boolean | undefined;
}

export interface PoolEdge extends EdgeMember {
  readonly state: EdgeState;
  readonly hold: Hold | undefined;
  /** Where nobody has set another one. */
  readonly ownWeight: number;
  readonly load: EdgeLoad | undefined;
  readonly score: number;
  readonly breaker: EdgeWatch['breaker'];
  /** Share of exchanges that failed lately. */
  readonly failures: number;
  readonly latencyMs: number;
}

/** A client that never arrives must not count for ever. */
const unreportedMaxMs = 10_000;
/** Resident memory at which an edge counts as full of it. */
const memoryLimitBytes = 2 * 1024 ** 3;

export class EdgePool {
  readonly #entries = new Map<EdgeId, PoolEntry>();
  readonly #waiters = new Set<() => void>();
  #steering: ReadonlyMap<EdgeId, Steering> = new Map();
  readonly #leaving = new Set<EdgeId>();
  #changes = 0;
  /** Members of a session, on average over all edges: what a new one is likely to get. */
  #meanWork = 1;

  /** Edges that should get no new keys while others can; nobody, unless somebody says who. */
  avoids: (edge: EdgeId) => boolean = () => false;

  /** Adds an edge, replaces its older incarnation, or takes the same one up again. */
  join(member: EdgeMember, state: EdgeState): void {
    // Only the connection is new: age, load and placements of the incarnation go on.
    if (this.#entryOf(member) !== undefined) return this.setState(member, state);
    this.#entries.set(member.id, {
      member,
      hash: hashEdgeId(member.id),
      state,
      readySince: this.#changes + 1,
      load: undefined,
      steadyDelayMs: 0,
      unreported: [],
      pending: 0,
      watch: new EdgeWatch(),
    });
    this.#noteChange();
  }

  /** Takes a report in; `lastEpoch` tells which placements its figures include. */
  report(edge: EdgeRef, report: { state: EdgeState; load: EdgeLoad; lastEpoch: number }): void {
    const entry = this.#entryOf(edge);
    if (entry === undefined) return;
    const delayMs = report.load.eventLoopDelayMs.p99;
    entry.steadyDelayMs = Math.min(delayMs, entry.load?.eventLoopDelayMs.p99 ?? delayMs);
    entry.load = report.load;
    entry.unreported = entry.unreported.filter((placement) => placement.epoch > report.lastEpoch);
    this.#meanWork = meanSessionWork([...this.#entries.values()].map(({ load }) => load));
    this.setState(edge, report.state);
  }

  setState(edge: EdgeRef, state: EdgeState): void {
    const entry = this.#entryOf(edge);
    if (entry === undefined || entry.state === state) return;
    entry.state = state;
    this.#noteChange();
    if (state === 'ready') entry.readySince = this.#changes;
  }

  /** Replaces what administrators want. */
  steer(steering: ReadonlyMap<EdgeId, Steering>): void {
    this.#steering = steering;
    this.#noteChange();
  }

  /** The settings do not have it any more, or have it again: until it has left it keeps its keys and gets no new ones. */
  setLeaving(id: EdgeId, isLeaving: boolean): void {
    if (isLeaving) this.#leaving.add(id);
    else this.#leaving.delete(id);
    this.#noteChange();
  }

  setWeight(edge: EdgeRef, weight: number): void {
    const entry = this.#entryOf(edge);
    if (entry !== undefined) entry.member = { ...entry.member, weight };
  }

  /** Undefined where nothing keeps new keys from it but its state. */
  holdOf(id: EdgeId): Hold | undefined {
    if (this.#leaving.has(id)) return 'leaving';
    return this.#steering.get(id)?.isInMaintenance === true ? 'maintenance' : undefined;
  }

  /** Forgets an incarnation that is over. */
  leave(edge: EdgeRef): void {
    if (this.#entryOf(edge) === undefined) return;
    this.#entries.delete(edge.id);
    this.#noteChange();
  }

  /** The member with exactly this incarnation. */
  find(edge: EdgeRef): EdgeMember | undefined {
    return this.#entryOf(edge)?.member;
  }

  /** Of exactly this incarnation. */
  watchOf(edge: EdgeRef): EdgeWatch | undefined {
    return this.#entryOf(edge)?.watch;
  }

  /** Counts the changes of membership and state, so that what was read can be told older or newer than one. */
  get changes(): number {
    return this.#changes;
  }

  /**
   * May a pin of this owner that was read at `changes` be used without asking the directory? An edge checks
   * the epoch itself. A static backend cannot, and other front doors may have moved its pins while its checks
   * failed here: only what was read since they pass again counts.
   */
  vouchesFor(edge: EdgeRef, readAt: number): boolean {
    const entry = this.#entryOf(edge);
    if (entry?.member.kind !== 'static') return entry !== undefined;
    return entry.state === 'ready' && readAt >= entry.readySince;
  }

  /**
   * Counts a placement from its decision on, until the directory has answered and `release` is called: keys
   * that arrive together would else all see the same loads and go to the same edge.
   */
  reservePlace(edge: EdgeRef): { release(): void } {
    const entry = this.#entryOf(edge);
    if (entry === undefined) return { release: () => {} };
    entry.pending++;
    return { release: () => void entry.pending-- };
  }

  notePlacement(edge: EdgeRef, pin: { key: AffinityKey; epoch: Epoch }, nowMs: number): void {
    this.#entryOf(edge)?.unreported.push({ epoch: pin.epoch, placedAtMs: nowMs });
  }

  /**
   * Edges that may take a new key, without those in `except`; those that a front door has no trust in now, as `avoids` says or
   * their breaker does, only where there is no other.
   */
  candidates(
    nowMs: number,
    except: ReadonlySet<EdgeId>,
  ): (Candidate & { readonly incarnation: Incarnation; readonly region: string })[] {
    const ready = [...this.#entries.values()].filter(
      (entry) => entry.state === 'ready' && !except.has(entry.member.id) && !isStalled(entry),
    );
    const free = ready.filter(({ member }) => this.holdOf(member.id) === undefined);
    const trusted = free.filter(({ member, watch }) => !watch.refuses(nowMs) && !this.avoids(member.id));
    return (trusted.length > 0 ? trusted : free).map((entry) => {
      const { id, incarnation, region } = entry.member;
      const load = this.#scoreOf(entry, nowMs) * entry.watch.strain(nowMs);
      return { id, incarnation, weight: this.#weightOf(entry), region, hash: entry.hash, load };
    });
  }

  list(nowMs: number): PoolEdge[] {
    return [...this.#entries.values()]
      .map((entry) => ({
        ...entry.member,
        weight: this.#weightOf(entry),
        ownWeight: entry.member.weight,
        hold: this.holdOf(entry.member.id),
        state: entry.state,
        load: entry.load,
        score: this.#scoreOf(entry, nowMs) * entry.watch.strain(nowMs),
        breaker: entry.watch.breaker,
        failures: entry.watch.failures(nowMs),
        latencyMs: entry.watch.latencyMs(nowMs),
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get hasReadyEdge(): boolean {
    return [...this.#entries.values()].some((entry) => entry.state === 'ready');
  }

  /** Resolves at the next change of membership or state, or when the signal aborts. */
  async nextChange(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiters.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  #scoreOf(entry: PoolEntry, nowMs: number): number {
    const oldest = nowMs - unreportedMaxMs;
    while (entry.unreported.length > 0 && entry.unreported[0]!.placedAtMs < oldest) entry.unreported.shift();
    const { member, load } = entry;
    return scoreLoad({
      work: workOf(load),
      unreportedWork: (entry.unreported.length + entry.pending) * this.#meanWork,
      weight: this.#weightOf(entry),
      utilisation: load?.eventLoopUtilisation ?? 0,
      eventLoopDelayP99Ms: entry.steadyDelayMs,
      memory: (load?.rssBytes ?? 0) / memoryLimitBytes,
      ageMs: nowMs - member.joinedAtMs,
    });
  }

  #weightOf({ member }: PoolEntry): number {
    return this.#steering.get(member.id)?.weight ?? member.weight;
  }

  #entryOf(edge: EdgeRef): PoolEntry | undefined {
    const entry = this.#entries.get(edge.id);
    return entry?.member.incarnation === edge.incarnation ? entry : undefined;
  }

  #noteChange(): void {
    this.#changes++;
    for (const wake of Array.from(this.#waiters)) wake();
  }
}

function isStalled(entry: PoolEntry): boolean {
  return (entry.load?.eventLoopDelayMs.p99 ?? 0) > eventLoopDelayMaxMs;
}
