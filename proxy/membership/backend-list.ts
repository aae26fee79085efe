/**
 * The static backends of the settings, each with its checks. With a reload new ones join, weights change, and one that the
 * settings have no more gets no new keys and keeps those that it has, until it has none.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EdgeId } from '#shared/ids.ts';
import type { Apply, Reloads, ReloadStep } from '../reload/reloads.ts';
import type { EdgeRef } from '../directory/directory.ts';
import { joiningOf, parseBackends, runBackendChecks } from './static-backends.ts';
import type { CheckOptions, StaticBackend } from './static-backends.ts';

interface Running {
  readonly ending: AbortController;
  backend: StaticBackend;
  /** In the settings no more. */
  isLeaving: boolean;
}

/** Between two looks at what a backend that leaves still has. */
const lookIntervalMs = 2_000;

export class BackendList {
  readonly #options: CheckOptions;
  readonly #running = new Map<EdgeId, Running>();

  /** Follows reloads, and resolves when each backend has been checked once: who comes before that would be sent away. */
  static async begin(
    backends: readonly StaticBackend[],
    options: CheckOptions,
    reloads: Reloads,
  ): Promise<void> {
    const list = new BackendList(options);
    reloads.onReload('backends', (step) => list.#prepare(step));
    await Promise.all(backends.map(async (backend) => await list.#start(backend)));
  }

  private constructor(options: CheckOptions) {
    this.#options = options;
  }

  /** Throws where the change cannot be made while this process runs. */
  #prepare({ next, changed }: ReloadStep): Apply | undefined {
    if (!changed.has('CT_BACKEND')) return undefined;
    const backends = parseBackends(next.CT_BACKEND);
    if (backends.length === 0 || this.#running.size === 0)
      throw new Error('edges in place of backends, or backends in place of edges, need a restart');
    for (const { id, address } of backends) {
      const known = this.#running.get(id);
      if (known !== undefined && known.backend.address !== address)
        throw new Error(
          `${id} is at ${known.backend.address} and has sessions there: give ${address} a name of its own, then ${id} is emptied`,
        );
    }
    return () => this.#follow(backends);
  }

  #follow(backends: readonly StaticBackend[]): void {
    const { log, pool } = this.#options;
    const names = new Set(backends.map(({ id }) => id));
    for (const [id, running] of this.#running) {
      if (names.has(id) || running.isLeaving) continue;
      running.isLeaving = true;
      pool.setLeaving(id, true);
      log.info('backend.leaving', { edge: id });
      void this.#leave(id, running);
    }
    for (const backend of backends) {
      const running = this.#running.get(backend.id);
      if (running === undefined) void this.#start(backend);
      else void this.#change(running, backend);
    }
  }

  /** Resolves after the first check. */
  async #start(backend: StaticBackend): Promise<void> {
    const ending = new AbortController();
    this.#running.set(backend.id, { backend, ending, isLeaving: false });
    const signal = AbortSignal.any([ending.signal, this.#options.signal]);
    const { promise, resolve } = Promise.withResolvers<void>();
    void runBackendChecks(backend, { ...this.#options, signal }, resolve);
    await promise;
  }

  /** It has another weight, or is in the settings again. */
  async #change(running: Running, backend: StaticBackend): Promise<void> {
    const { pool, membership, directory, log } = this.#options;
    const { id, weight } = backend;
    const isBack = running.isLeaving;
    const isReweighed = running.backend.weight !== weight;
    running.backend = backend;
    running.isLeaving = false;
    if (isBack) pool.setLeaving(id, false);
    const edge = this.#find(id);
    if (edge === undefined) return;
    pool.setWeight(edge, weight);
    try {
      if (isReweighed) await membership.join(joiningOf(backend));
      if (isBack && pool.holdOf(id) === undefined) await directory.markUp(edge);
    } catch (error) {
      log.error('directory.failed', { error });
    }
  }

  async #leave(id: EdgeId, running: Running): Promise<void> {
    const { directory, signal, log } = this.#options;
    while (!signal.aborted && running.isLeaving) {
      try {
        const edge = this.#find(id);
        if (edge !== undefined) await directory.markDraining(edge);
        const pins = (await directory.countPinsByEdge()).get(id) ?? 0;
        if (running.isLeaving && pins === 0) return this.#end(id, running);
      } catch (error) {
        log.error('directory.failed', { error });
      }
      await sleep(lookIntervalMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #end(id: EdgeId, running: Running): void {
    const { pool, log } = this.#options;
    running.ending.abort();
    this.#running.delete(id);
    const edge = this.#find(id);
    if (edge !== undefined) pool.leave(edge);
    pool.setLeaving(id, false);
    log.info('backend.left', { edge: id });
  }

  #find(id: EdgeId): EdgeRef | undefined {
    const edge = this.#options.pool.list(performance.now()).find((known) => known.id === id);
    return edge === undefined ? undefined : { id, incarnation: edge.incarnation };
  }
}
