/**
 * Sessions on their way: lets go of those that move away, keeps those that move here, and goes on with one when
 * an exchange comes with exactly the epoch that it is kept for. The directory gives that epoch to one edge at
 * most, so of a session that two edges keep, one goes on.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, toAppError } from '#shared/errors.ts';
import { listedSessionsMax } from '#shared/control-protocol.ts';
import type { StrandedSession } from '#shared/control-protocol.ts';
import { parseEpoch } from '#shared/ids.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { backEpochHeader, moveTargets, snapshotMaxBytes } from '#shared/internal-headers.ts';
import type { Log } from '#shared/log.ts';
import type { Adapter, AdmittedExchange, Adoption } from './adapter.ts';
import type { KeyRegistry } from './core/key-registry.ts';
import { packParts, readBody, unpackParts } from './move-body.ts';
import type { HandoverPart } from './move-body.ts';
import { refuseRequest } from './refusal.ts';

interface MoveDeskOptions {
  readonly adapters: readonly Adapter[];
  readonly registry: KeyRegistry;
  readonly log: Log;
  readonly nowMs: () => number;
}

interface KeptSession {
  /** The only epoch under which it goes on here. */
  readonly epoch: Epoch;
  /** Where this edge let it go itself: under this epoch. */
  readonly releasedFrom: Epoch | undefined;
  readonly keptAtMs: number;
  readonly bytes: number;
  readonly adopt: Adoption;
}

/** Clients give up after half of this; then nobody wants the session back. */
const keptMaxMs = 60_000;
/** A move is decided long before; after this its front door is gone, and another is asked. */
const strandedAfterMs = 10_000;
/** Sessions on their way to this edge, in all. */
const keptMaxBytes = 8 * snapshotMaxBytes;

export class MoveDesk {
  readonly #options: MoveDeskOptions;
  readonly #kept = new Map<AffinityKey, KeptSession>();
  readonly #releasing = new Set<AffinityKey>();
  /** Sessions that went on here lately: a snapshot that comes again would take them back to what they were. */
  readonly #goneOn = new Map<AffinityKey, { readonly epoch: Epoch; readonly atMs: number }>();

  constructor(options: MoveDeskOptions) {
    this.#options = options;
  }

  claims(target: string): boolean {
    return target.startsWith(moveTargets.release) || target.startsWith(moveTargets.prepare);
  }

  /** Answers the request, errors included; never rejects. */
  async handle(
    exchange: AdmittedExchange,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    try {
      if (request.method !== 'POST') throw new AppError('method-refused');
      if (exchange.target.startsWith(moveTargets.release)) await this.#release(exchange, request, response);
      else await this.#prepare(exchange, request, response);
    } catch (error) {
      const { code, facts } = toAppError(error);
      this.#options.log.warn('exchange.failed', { exchange: exchange.exchangeId, code, facts, error });
      request.resume();
      refuseRequest(response, code, exchange.exchangeId);
    }
  }

  /** To be called for each admitted exchange, before an adapter sees it. */
  settle(exchange: AdmittedExchange): void {
    const kept = this.#kept.get(exchange.key);
    if (kept === undefined || exchange.target.startsWith(moveTargets.prepare)) return;
    if (exchange.epoch < kept.epoch) return;
    this.#kept.delete(exchange.key);
    // A higher epoch: the session has gone on elsewhere meanwhile.
    if (exchange.epoch > kept.epoch) return;
    this.#goneOn.set(exchange.key, { epoch: kept.epoch, atMs: this.#options.nowMs() });
    const { log } = this.#options;
    const { exchangeId, epoch } = exchange;
    try {
      kept.adopt(exchange);
      log.info('session.adopted', { exchange: exchangeId, epoch, bytes: kept.bytes });
    } catch (error) {
      // Its members come back as to an edge that does not know them.
      log.error('exchange.failed', { exchange: exchangeId, error });
    }
  }

  /** The session that was let go under this epoch has its next owner. */
  forget(key: AffinityKey, releasedFrom: Epoch): void {
    if (this.#kept.get(key)?.releasedFrom === releasedFrom) this.#kept.delete(key);
  }

  get keptBytes(): number {
    let sum = 0;
    for (const { bytes } of this.#kept.values()) sum += bytes;
    return sum;
  }

  /**
   * Drops what nobody came for; names what was let go and waits for a word of who has it now, which is all that
   * was let go to a front door that is gone since `goneSinceMs`. A key is named until that word comes, also without
   * its session: else everybody would be sent here for ever, and refused.
   */
  sweep(goneSinceMs: number): StrandedSession[] {
    const now = this.#options.nowMs();
    const stranded: StrandedSession[] = [];
    for (const [key, { atMs }] of this.#goneOn) if (atMs + keptMaxMs <= now) this.#goneOn.delete(key);
    for (const [key, kept] of this.#kept) {
      const { epoch: back, releasedFrom, keptAtMs } = kept;
      const isDue = keptAtMs + keptMaxMs <= now;
      if (isDue && releasedFrom === undefined) this.#kept.delete(key);
      if (isDue && kept.bytes > 0) this.#kept.set(key, { ...kept, bytes: 0, adopt: startAnew });
      if (releasedFrom !== undefined && (keptAtMs < goneSinceMs || keptAtMs + strandedAfterMs <= now))
        stranded.push({ key, epoch: releasedFrom, back });
    }
    return stranded.slice(0, listedSessionsMax);
  }

  async #release(
    exchange: AdmittedExchange,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { log, nowMs } = this.#options;
    const { key, epoch, exchangeId } = exchange;
    request.resume();
    const back = parseEpoch(String(request.headers[backEpochHeader]));
    if (back === undefined || back <= epoch) throw new AppError('body-invalid');
    if (this.#releasing.has(key)) throw new AppError('move-running');
    const startedAtMs = nowMs();
    this.#releasing.add(key);
    const parts = await this.#takeOut(exchange).finally(() => this.#releasing.delete(key));
    const body = packParts(parts);
    this.#keep(key, {
      epoch: back,
      releasedFrom: epoch,
      bytes: body.byteLength,
      adopt: this.#adopterOf(parts),
    });
    const ms = Math.round(nowMs() - startedAtMs);
    log.info('session.released', { exchange: exchangeId, epoch, bytes: body.byteLength, ms });
    if (body.byteLength > snapshotMaxBytes) throw new AppError('snapshot-too-large');
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': body.byteLength,
    });
    response.end(body);
  }

  /**
   * Brings the session to rest and takes it out of every adapter. Throws `stale-epoch` where the key comes here anew
   * meanwhile, because its front door has not waited: what is here by then is that epoch's, which has its session from
   * the store.
   */
  async #takeOut({ key, epoch }: AdmittedExchange): Promise<HandoverPart[]> {
    const { adapters, registry, nowMs } = this.#options;
    const checkEpoch = (): void => {
      if (registry.isFollowed(key, epoch)) throw new AppError('stale-epoch');
    };
    const parts: HandoverPart[] = [];
    await Promise.all(adapters.map(async (adapter) => await adapter.bringToRest(key)));
    checkEpoch();
    registry.letGo(key, epoch, nowMs());
    for (const adapter of adapters) {
      const bytes = await adapter.handOver(key);
      checkEpoch();
      if (bytes !== undefined) parts.push({ adapter: adapter.name, bytes });
    }
    return parts;
  }

  async #prepare(
    exchange: AdmittedExchange,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = await readBody(request, Math.min(snapshotMaxBytes, keptMaxBytes - this.keptBytes));
    const adopt = this.#adopterOf(unpackParts(body));
    if (exchange.epoch <= (this.#goneOn.get(exchange.key)?.epoch ?? 0))
      return void response.writeHead(204).end();
    this.#keep(exchange.key, {
      epoch: exchange.epoch,
      releasedFrom: undefined,
      bytes: body.byteLength,
      adopt,
    });
    response.writeHead(204).end();
  }

  #keep(key: AffinityKey, kept: Omit<KeptSession, 'keptAtMs'>): void {
    this.#kept.set(key, { ...kept, keptAtMs: this.#options.nowMs() });
  }

  /** Throws `snapshot-refused` now rather than when the session is to go on. */
  #adopterOf(parts: readonly HandoverPart[]): Adoption {
    const adoptions = parts.map(({ adapter: name, bytes }) => {
      const adapter = this.#options.adapters.find((known) => known.name === name);
      if (adapter === undefined) throw new AppError('snapshot-refused', { facts: { adapter: name } });
      return adapter.prepareAdoption(bytes);
    });
    return (exchange) => adoptions.forEach((adopt) => adopt(exchange));
  }
}

/** Nothing was kept for so long: who comes back meets an edge that does not know the session. */
function startAnew(): void {}
