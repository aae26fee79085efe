/**
 * Moves one session: closes its gate, has the old edge let it go, hands it to the new one, changes the pin, opens
 * the gate. The pin decides: before it has changed every failure gives the session back to its old edge, under an
 * epoch that was reserved for that; afterwards the new edge has it. So it goes on at one edge, whoever dies.
 */
import type { StrandedSession } from '#shared/control-protocol.ts';
import { AppError, toAppError } from '#shared/errors.ts';
import { hashKeyForLog } from '#shared/fleet-secrets.ts';
import type { FleetSecrets } from '#shared/fleet-secrets.ts';
import type { AffinityKey, EdgeId, Epoch } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import { timing } from '#shared/timing.ts';
import type { Directory, EdgeRef, Pin } from '../directory/directory.ts';
import type { EdgeLinks } from '../membership/edge-links.ts';
import type { EdgePool, PoolEdge } from '../membership/pool.ts';
import type { Placer } from '../placement.ts';
import { HandoverRefusal } from './handover-call.ts';
import type { HandoverCalls } from './handover-call.ts';
import type { MoveGate } from './move-gate.ts';

interface MoverOptions {
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly placer: Placer;
  readonly gate: MoveGate;
  readonly links: EdgeLinks;
  readonly calls: HandoverCalls;
  readonly secrets: FleetSecrets;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
}

/** One move; epochs are reserved before anything happens. */
interface Plan {
  readonly pin: Pin;
  readonly target: PoolEdge;
  readonly forward: Epoch;
  readonly back: Epoch;
}

/** The old edge has let nothing go when it says one of these. */
const refusedBefore = new Set([
  'stale-epoch',
  'wrong-edge',
  'fenced',
  'edge-leaving',
  'move-running',
  'pass-missing',
]);

export class Mover {
  readonly #options: MoverOptions;
  readonly #running = new Set<AffinityKey>();
  #onIdle: (() => void) | undefined;

  constructor(options: MoverOptions) {
    this.#options = options;
  }

  /** Resolves with the new pin. Throws the code of the reason where the session stays, or goes back. */
  async move(key: AffinityKey, targetId: EdgeId): Promise<Pin> {
    const target = this.#findTarget(targetId);
    if (this.#running.has(key)) throw new AppError('move-running');
    this.#running.add(key);
    const open = this.#options.gate.close(key);
    const startedAtMs = this.#options.nowMs();
    try {
      const plan = await this.#plan(key, target);
      const pin = await this.#conduct(plan);
      this.#options.metrics.count('ct_proxy_moves_total', { outcome: 'moved' });
      this.#logMoved(plan, this.#options.nowMs() - startedAtMs);
      return pin;
    } finally {
      open();
      this.#running.delete(key);
      if (this.#running.size === 0) this.#onIdle?.();
      this.#options.metrics.observe('ct_proxy_move_seconds', (this.#options.nowMs() - startedAtMs) / 1_000);
    }
  }

  /** Resolves when no move is under way, which takes no longer than a move may. */
  async idle(): Promise<void> {
    if (this.#running.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  /** An edge has sessions that it let go and nobody took, for their front door is gone: it gets back what is still its own. */
  async giveBack(edge: EdgeRef, sessions: readonly StrandedSession[]): Promise<void> {
    for (const session of sessions) {
      const key = session.key as AffinityKey;
      const seen = session.epoch as Epoch;
      if (this.#running.has(key)) continue;
      const epoch = session.back as Epoch;
      const result = await this.#options.directory.handOverPin({ key, seen, target: edge, epoch });
      if (result.kind === 'won') await this.#enter(result.pin);
      const isElsewhere = result.kind === 'found' && result.pin.epoch !== epoch;
      const isOver =
        result.kind === 'target-refused' && (await this.#options.directory.findPin(key)) === undefined;
      if (isElsewhere || isOver) this.#tellMoved(edge, key, seen);
    }
  }

  #findTarget(id: EdgeId): PoolEdge {
    const target = this.#options.pool.list(this.#options.nowMs()).find((edge) => edge.id === id);
    if (target === undefined) throw new AppError('edge-unknown');
    if (target.kind === 'static') throw new AppError('move-unsupported');
    return target;
  }

  async #plan(key: AffinityKey, target: PoolEdge): Promise<Plan> {
    const { directory } = this.#options;
    const pin = await directory.findPin(key);
    if (pin === undefined || pin.ownerIsOver) throw new AppError('session-not-found');
    if (pin.owner.id === target.id) throw new AppError('session-here');
    if (target.state !== 'ready' || target.hold !== undefined) throw new AppError('edge-not-ready');
    const [forward, back] = await directory.reserveEpochs();
    return { pin, target, forward, back };
  }

  async #conduct(plan: Plan): Promise<Pin> {
    const { pin, target, forward } = plan;
    const { key, owner, epoch: seen } = pin;
    try {
      await this.#carry(plan);
      const result = await this.#options.directory.handOverPin({
        key,
        seen,
        target: refOf(target),
        epoch: forward,
      });
      if (result.kind !== 'won') throw new AppError('move-failed', { facts: { step: result.kind } });
      await this.#enter(result.pin);
      this.#tellMoved(owner, key, seen);
      return result.pin;
    } catch (error) {
      return await this.#recover(plan, error);
    }
  }

  /** Brings the session from edge to edge; none of the two serves it now. */
  async #carry({ pin, target, forward, back }: Plan): Promise<void> {
    const signal = AbortSignal.timeout(timing.moveMaxMs);
    const { key, epoch, owner, address } = pin;
    const released = await this.#options.calls.release({ edge: owner, address, key, epoch }, back, signal);
    const to = { edge: refOf(target), address: target.address, key, epoch: forward };
    try {
      await this.#options.calls.prepare(to, released, signal);
    } finally {
      // What nobody reads to its end would keep its connection.
      released.body.destroy();
    }
  }

  /** Gives the session back to its old edge; returns the pin where it turns out to have moved all the same. */
  async #recover({ pin, forward, back }: Plan, error: unknown): Promise<Pin> {
    const { directory, metrics, placer, log, secrets } = this.#options;
    const { key, owner, epoch: seen } = pin;
    const cause = error instanceof HandoverRefusal ? error.code : toAppError(error).code;
    const facts = { key: hashKeyForLog(secrets, key), edge: owner.id, cause, error };
    if (error instanceof HandoverRefusal && refusedBefore.has(error.code)) {
      metrics.count('ct_proxy_moves_total', { outcome: 'refused' });
      log.warn('move.failed', { ...facts, outcome: 'refused' });
      throw new AppError('move-failed', { cause: error });
    }
    const result = await directory
      .handOverPin({ key, seen, target: owner, epoch: back })
      .catch(() => undefined);
    if (result?.kind === 'found' && result.pin.epoch === forward) {
      await this.#enter(result.pin);
      return result.pin;
    }
    const outcome = result?.kind === 'won' ? 'rolled-back' : 'lost';
    if (result?.kind === 'won') await this.#enter(result.pin);
    else placer.forget([key]);
    metrics.count('ct_proxy_moves_total', { outcome });
    log.warn('move.failed', { ...facts, outcome });
    throw new AppError('move-failed', { cause: error });
  }

  /** The pin has changed: from now on everybody is sent to its owner, who goes on with the session. */
  async #enter(pin: Pin): Promise<void> {
    this.#options.placer.takeUp(pin);
    const { owner, address, key, epoch } = pin;
    await this.#options.calls.wake({ edge: owner, address, key, epoch });
  }

  #tellMoved(edge: EdgeRef, key: AffinityKey, epoch: Epoch): void {
    this.#options.links.tell(edge, { type: 'moved', key, epoch });
  }

  #logMoved({ pin, target, forward }: Plan, ms: number): void {
    const key = hashKeyForLog(this.#options.secrets, pin.key);
    const facts = { key, from: pin.owner.id, to: target.id, epoch: forward, ms: Math.round(ms) };
    this.#options.log.info('session.moved', facts);
  }
}

function refOf({ id, incarnation }: EdgeRef): EdgeRef {
  return { id, incarnation };
}
