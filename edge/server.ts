/**
 * The edge's listener: admits what comes through a front door, answers health, and hands the rest to the
 * adapter that speaks the protocol. The one place where pass, owner and epoch are checked.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createServer } from '#shared/node-http.ts';
import { listen } from '#shared/admin-server.ts';
import type { ErrorCode } from '#shared/errors.ts';
import { secretsEqual } from '#shared/fleet-secrets.ts';
import { internalHeaders, moveTargets } from '#shared/internal-headers.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import { listenOnPath } from '#shared/path-listener.ts';
import { adminTargets } from '#shared/session-views.ts';
import type { Adapter, AdmittedExchange } from './adapter.ts';
import { judgeAdmission } from './core/admission.ts';
import type { AdmissionContext } from './core/admission.ts';
import type { KeyRegistry } from './core/key-registry.ts';
import type { AdminDesk } from './admin-desk.ts';
import type { HandoffDesk } from './handoff/handoff-desk.ts';
import type { MoveDesk } from './move-desk.ts';
import { refuseRequest, refuseUpgrade } from './refusal.ts';
import { offerConnection } from './upgrade-offer.ts';
import type { UpgradeOffer } from './upgrade-offer.ts';

export interface EdgeServerOptions {
  /** A Unix-domain socket, or a port of an address. */
  readonly place: { readonly path: string } | { readonly host: string; readonly port: number };
  readonly adapters: readonly Adapter[];
  readonly registry: KeyRegistry;
  readonly moves: MoveDesk;
  readonly administration: AdminDesk;
  /** Undefined where this edge takes no connections from front doors. */
  readonly handoff: HandoffDesk | undefined;
  /** The state of the edge as admission sees it, read at each exchange. */
  readonly context: () => Omit<AdmissionContext, 'epochOf'>;
  readonly health: () => object;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly nowMs: () => number;
}

/** Above the front door's largest head with what it adds. */
const headMaxBytes = 1_179_648;
const headersTimeoutMs = 10_000;
/** Longer than the front door keeps an idle connection, so that the edge never closes one under a request. */
const keepAliveMs = 65_000;
const healthPattern = /^\/ct-health\/?(\?|$)/;

export class EdgeServer {
  readonly #options: EdgeServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();

  constructor(options: EdgeServerOptions) {
    this.#options = options;
    this.#server = createServer({
      maxHeaderSize: headMaxBytes,
      headersTimeout: headersTimeoutMs,
      keepAliveTimeout: keepAliveMs,
      requestTimeout: 0,
    });
    this.#server.on('request', (request, response) => this.handleRequest(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.handleUpgrade(request, socket, head));
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Resolves with the port that was taken; undefined on a Unix-domain socket. */
  async open(): Promise<number | undefined> {
    const { place } = this.#options;
    if ('port' in place) return await listen(this.#server, place);
    await listenOnPath(this.#server, place.path);
    return undefined;
  }

  /** New connections are refused from now on, which lets front doors place their keys elsewhere. */
  stopAccepting(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  destroy(): void {
    this.#server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Whether a client may ask for it by itself: sessions and health, and nothing that front doors use among us. */
  isPublic(target: string): boolean {
    const rest = withoutKeyPrefix(target);
    return healthPattern.test(rest) || this.#options.adapters.some((adapter) => adapter.claims(rest));
  }

  /** What the listener hands over: one exchange. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void {
    if (request.url === adminTargets.list) return this.#listSessions(request, response);
    const exchange = this.#admit(request);
    if (typeof exchange === 'string') {
      request.resume();
      return refuseRequest(response, exchange, exchangeIdOf(request));
    }
    if (header(request, internalHeaders.handoff) !== '') return this.#onHandoff(exchange, request, response);
    if (healthPattern.test(exchange.target)) return this.#answerHealth(exchange, request, response);
    const { moves, administration } = this.#options;
    if (moves.claims(exchange.target)) return void moves.handle(exchange, request, response);
    if (administration.claims(exchange.target))
      return void administration.handle(exchange, request, response);
    const adapter = this.#adapterFor(exchange);
    if (adapter === undefined) {
      request.resume();
      return refuseRequest(response, this.#count('not-found'), exchange.exchangeId);
    }
    adapter.handleRequest(exchange, request, response);
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // A peer that resets while nobody listens must not end the process.
    socket.on('error', () => socket.destroy());
    const exchange = this.#admit(request);
    if (typeof exchange === 'string') return refuseUpgrade(socket, exchange, exchangeIdOf(request));
    const offer = offerConnection({ socket, head }, exchange.exchangeId);
    this.#handToAdapter(exchange, request, offer);
  }

  /** The head of an upgrade, whose client's connection the front door would give away. */
  #onHandoff(exchange: AdmittedExchange, request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const { handoff } = this.#options;
    const { exchangeId } = exchange;
    if (handoff === undefined) return refuseRequest(response, this.#count('upgrade-refused'), exchangeId);
    const mayServe = (): boolean => typeof this.#admit(request) !== 'string';
    this.#handToAdapter(exchange, request, handoff.offer({ exchangeId, request, response, mayServe }));
  }

  #handToAdapter(exchange: AdmittedExchange, request: IncomingMessage, offer: UpgradeOffer): void {
    const adapter = this.#adapterFor(exchange);
    if (adapter === undefined) return offer.refuse(this.#count('upgrade-refused'));
    adapter.handleUpgrade(exchange, request, offer);
  }

  #admit(request: IncomingMessage): AdmittedExchange | ErrorCode {
    const { registry, context, nowMs } = this.#options;
    const result = judgeAdmission(
      {
        pass: header(request, internalHeaders.pass),
        owner: header(request, internalHeaders.owner),
        key: header(request, internalHeaders.key),
        epoch: header(request, internalHeaders.epoch),
      },
      { ...context(), epochOf: (key) => registry.epochOf(key) },
    );
    if (result.kind === 'refused') return this.#count(result.code);
    const { key, epoch } = result;
    if (result.outdatesSession) this.dropSession(key, 'stale-epoch');
    const exchangeId = exchangeIdOf(request);
    const isNew = header(request, internalHeaders.fresh) !== '';
    const exchange = { key, epoch, exchangeId, isNew, target: withoutKeyPrefix(request.url ?? '/') };
    if (exchange.target.startsWith(moveTargets.prepare)) registry.expect(key, epoch, nowMs());
    else registry.note(key, epoch, nowMs());
    this.#options.moves.settle(exchange);
    return exchange;
  }

  /** Forgets a session of every adapter; its clients come back and find the newest owner. */
  dropSession(key: AffinityKey, code: ErrorCode): void {
    for (const adapter of this.#options.adapters) adapter.dropSession(key, code);
  }

  /** The front door says that this epoch is over: who holds it here, or comes with it, finds its owner. */
  fence(key: AffinityKey, epoch: Epoch): void {
    const { registry, nowMs } = this.#options;
    const known = registry.epochOf(key);
    if (known !== undefined && known !== epoch) return;
    registry.letGo(key, epoch, nowMs());
    this.dropSession(key, 'stale-epoch');
  }

  #adapterFor(exchange: AdmittedExchange): Adapter | undefined {
    return this.#options.adapters.find((adapter) => adapter.claims(exchange.target));
  }

  /** Of all keys, so there is no epoch to check. */
  #listSessions(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    if (!secretsEqual(header(request, internalHeaders.pass), this.#options.context().pass))
      return refuseRequest(response, this.#count('pass-missing'), exchangeIdOf(request));
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify(this.#options.administration.list()));
  }

  #answerHealth({ epoch }: AdmittedExchange, request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return refuseRequest(response, this.#count('method-refused'), exchangeIdOf(request));
    }
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(
      request.method === 'HEAD' ? undefined : `${JSON.stringify({ ...this.#options.health(), epoch })}\n`,
    );
  }

  #count(code: ErrorCode): ErrorCode {
    this.#options.metrics.count('ct_edge_refused_total', { code });
    if (code === 'pass-missing') this.#options.log.warn('exchange.failed', { code });
    return code;
  }
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

function exchangeIdOf(request: IncomingMessage): string {
  return header(request, internalHeaders.exchange);
}

/** `/~KEY/rest` is `/rest`; the key itself travels in a header. */
function withoutKeyPrefix(target: string): string {
  const match = /^\/~[^/?]*(.*)$/.exec(target);
  if (match === null) return target;
  const rest = match[1]!;
  return rest.startsWith('/') ? rest : `/${rest}`;
}
