/**
 * Empties edges: moves their sessions to others, a few at a time and the smallest first, for as long as the edge
 * drains. A session that cannot be moved stays where it is and is tried again until the deadline.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, toAppError } from '#shared/errors.ts';
import type { AffinityKey, EdgeId } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Directory, EdgeRef } from '../directory/directory.ts';
import type { EdgeLinks } from '../membership/edge-links.ts';
import type { EdgePool } from '../membership/pool.ts';
import type { Placer } from '../placement.ts';
import type { Mover } from './mover.ts';

interface DrainsOptions {
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly placer: Placer;
  readonly links: EdgeLinks;
  readonly mover: Mover;
  readonly log: Log;
  readonly nowMs: () => number;
  /** Aborts when the process stops. */
  readonly signal: AbortSignal;
}

/** `waiting`: no other edge is ready; `overdue`: the deadline has passed and sessions are left. */
export type DrainState = 'moving' | 'waiting' | 'drained' | 'overdue';

export interface DrainView {
  readonly edge: EdgeId;
  readonly state: DrainState;
  readonly moved: number;
  readonly failed: number;
  readonly left: number;
}

interface Drain {
  readonly edge: EdgeRef;
  readonly deadlineMs: number;
  readonly ending: AbortController;
  state: DrainState;
  moved: number;
  failed: number;
  left: number;
  /** Wakes who waits for the next change of state. */
  onState: () => void;
}

/** Each move costs the edge a snapshot, and its clients a reconnection within the next two seconds. */
const movesAtOnce = 4;
/** Pause between two looks at an edge that has nothing to move, or nobody to move it to. */
const lookIntervalMs = 500;
const resumedDeadlineMs = 300_000;

export class Drains {
  readonly #options: DrainsOptions;
  readonly #drains = new Map<EdgeId, Drain>();
  /** What an administrator wants of an edge, until it shows. */
  readonly #wanted = new Map<EdgeId, { readonly edge: EdgeRef; readonly on: boolean }>();

  constructor(options: DrainsOptions) {
    this.#options = options;
  }

  /** Begins, or goes on with a new deadline. Throws `edge-unknown`, `edge-not-ready` or `move-unsupported`. */
  async start(id: EdgeId, deadlineMs: number): Promise<DrainView> {
    const { directory, pool, links, log, nowMs } = this.#options;
    const edge = this.#find(id);
    if (!links.tell(edge, { type: 'drain', on: true })) throw new AppError('edge-not-ready');
    this.#wanted.set(id, { edge, on: true });
    await directory.markDraining(edge);
    pool.setState(edge, 'draining');
    log.info('drain.started', { edge: id, deadlineMs });
    return this.#begin(edge, nowMs() + deadlineMs).view;
  }

  /**
   * An edge has reported. An order can be lost with its connection: it is said again until it shows. Afterwards others may
   * give orders: whoever comes draining was told so by a front door that is gone, whose deadline is not known here; and
   * who drains no more, by another one.
   */
  onReport(edge: EdgeRef, report: { readonly isDraining: boolean; readonly isFirst: boolean }): void {
    const wanted = this.#wanted.get(edge.id);
    if (wanted?.edge.incarnation === edge.incarnation && wanted.on !== report.isDraining) {
      this.#options.links.tell(edge, { type: 'drain', on: wanted.on });
      return;
    }
    this.#wanted.delete(edge.id);
    const drain = this.#drains.get(edge.id);
    if (!report.isDraining) drain?.ending.abort();
    else if (report.isFirst && drain === undefined)
      this.#begin(edge, this.#options.nowMs() + resumedDeadlineMs);
  }

  /** The edge takes sessions again, and keeps those that it still has. */
  stop(id: EdgeId): void {
    const edge = this.#find(id);
    // Of one that is silent it is not known: it may come back draining.
    const mayDrain = ['draining', 'suspect'].includes(this.#stateOf(id) ?? '');
    if (!mayDrain && !this.#drains.has(id)) throw new AppError('edge-not-draining');
    this.#wanted.set(id, { edge, on: false });
    this.#drains.get(id)?.ending.abort();
    this.#options.links.tell(edge, { type: 'drain', on: false });
    this.#options.log.info('edge.undrained', { edge: id });
  }

  /** Tells the edge to stop, which its supervisor answers by starting it again. */
  stopEdge(id: EdgeId): void {
    const { links, log } = this.#options;
    const edge = this.#find(id);
    if (!links.tell(edge, { type: 'stop' })) throw new AppError('edge-not-ready');
    log.info('edge.stopping', { edge: id, incarnation: edge.incarnation });
  }

  /** For an edge that is about to stop: resolves when nothing is left that can move, or at the deadline. */
  async evacuate(edge: EdgeRef, deadlineMs: number): Promise<void> {
    const { log, nowMs } = this.#options;
    log.info('drain.started', { edge: edge.id, deadlineMs, isStopping: true });
    const { drain } = this.#begin(edge, nowMs() + deadlineMs);
    const deadline = AbortSignal.any([drain.ending.signal, AbortSignal.timeout(deadlineMs)]);
    while (!deadline.aborted && drain.state === 'moving') {
      const { promise, resolve } = Promise.withResolvers<void>();
      drain.onState = resolve;
      deadline.addEventListener('abort', () => resolve(), { once: true });
      await promise;
    }
    drain.ending.abort();
  }

  views(): DrainView[] {
    return [...this.#drains.values()].map(viewOf);
  }

  #find(id: EdgeId): EdgeRef {
    const edge = this.#options.pool.list(this.#options.nowMs()).find((known) => known.id === id);
    if (edge === undefined) throw new AppError('edge-unknown');
    if (edge.kind === 'static') throw new AppError('move-unsupported');
    return { id, incarnation: edge.incarnation };
  }

  #stateOf(id: EdgeId): string | undefined {
    return this.#options.pool.list(this.#options.nowMs()).find((known) => known.id === id)?.state;
  }

  #begin(edge: EdgeRef, deadlineMs: number): { drain: Drain; view: DrainView } {
    this.#drains.get(edge.id)?.ending.abort();
    const ending = new AbortController();
    const drain: Drain = {
      edge,
      deadlineMs,
      ending,
      state: 'moving',
      moved: 0,
      failed: 0,
      left: 0,
      onState: () => undefined,
    };
    this.#drains.set(edge.id, drain);
    void this.#run(drain, AbortSignal.any([ending.signal, this.#options.signal]));
    return { drain, view: viewOf(drain) };
  }

  /** Goes on after the last session, too: keys of the edge whose session begins anew move as well. */
  async #run(drain: Drain, signal: AbortSignal): Promise<void> {
    const { pool, links, nowMs, log } = this.#options;
    while (!signal.aborted && pool.find(drain.edge) !== undefined) {
      const sessions = await links.listSessions(drain.edge);
      if (sessions !== undefined && !signal.aborted) {
        drain.left = sessions.total;
        if (sessions.total === 0) setState(drain, 'drained');
        else if (nowMs() >= drain.deadlineMs) setState(drain, 'overdue');
        else await this.#moveAll(drain, sessions.keys, signal);
      }
      if (drain.state !== 'moving' || drain.failed > 0 || sessions === undefined)
        await sleep(lookIntervalMs, undefined, { signal }).catch(() => undefined);
    }
    drain.ending.abort();
    if (this.#drains.get(drain.edge.id) === drain) this.#drains.delete(drain.edge.id);
    log.info('drain.ended', { ...viewOf(drain) });
  }

  async #moveAll(drain: Drain, keys: readonly AffinityKey[], signal: AbortSignal): Promise<void> {
    const queue = [...keys];
    setState(drain, 'moving');
    const work = async (): Promise<void> => {
      for (;;) {
        const key = queue.shift();
        if (key === undefined || signal.aborted || this.#options.nowMs() >= drain.deadlineMs) return;
        const target = this.#options.placer.chooseTarget(key, drain.edge.id);
        if (target === undefined) return setState(drain, 'waiting');
        await this.#moveOne(drain, key, target);
      }
    };
    await Promise.all(Array.from({ length: movesAtOnce }, work));
  }

  async #moveOne(drain: Drain, key: AffinityKey, target: EdgeId): Promise<void> {
    try {
      await this.#options.mover.move(key, target);
      drain.moved++;
      drain.left--;
    } catch (error) {
      // Logged by the mover; the next look at the edge tells whether the session is still there.
      if (toAppError(error).code === 'internal') throw error;
      drain.failed++;
    }
  }
}

function setState(drain: Drain, state: DrainState): void {
  if (drain.state === state) return;
  drain.state = state;
  drain.onState();
}

function viewOf({ edge, state, moved, failed, left }: Drain): DrainView {
  return { edge: edge.id, state, moved, failed, left: Math.max(0, left) };
}
