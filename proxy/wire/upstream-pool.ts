/**
 * The connections for HTTP exchanges to one edge: bounded, the last one used is the first to be used again, and who finds
 * none waits in line, not too many and not too long.
 */
import { AppError } from '#shared/errors.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { waitingPerConnection } from './bounds.ts';
import type { HandoffOffer } from '#shared/handoff-offer.ts';
import { HandoffLine } from './handoff-line.ts';
import { parseOrigin } from './origin.ts';
import type { Origin } from './origin.ts';
import { Deadline } from './timer-wheel.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { Transport } from './transport.ts';
import type { OpenTunnel } from './tunnel-end.ts';
import { UpstreamConnection } from './upstream-connection.ts';
import type { ConnectionOwner, EdgeConnection, UpstreamUser } from './upstream-user.ts';

/**
 * What an edge that is over had sent before is here by then; nothing that it sends later counts. Whoever waits for a frozen
 * one waits so much longer than its lease, so it is short.
 */
const retireGraceMs = 250;
/** A line that could not be opened is tried again when an upgrade wants it, not more often. */
const lineRetryMs = 1_000;

interface PoolOptions {
  readonly settings: Settings;
  readonly wheel: TimerWheel;
  readonly transport: Transport;
  readonly metrics: Metrics;
}

export class UpstreamPool implements ConnectionOwner {
  readonly origin: Origin;
  readonly settings: Settings;
  readonly wheel: TimerWheel;
  readonly transport: Transport;
  readonly #metrics: Metrics;
  /** Upgraded connections to the edge: not from the pool, but over with it. */
  readonly tunnels = new Set<OpenTunnel>();
  /** To an edge that takes over connections; undefined until it has offered one. */
  #line: HandoffLine | undefined;
  #lineTriedAtMs = -Infinity;
  readonly #open = new Set<EdgeConnection>();
  readonly #free: EdgeConnection[] = [];
  readonly #waiting = new Map<UpstreamUser, Deadline>();
  #isClosing = false;
  readonly #grace = new Deadline(() => this.#failAll());

  constructor(address: string, { settings, wheel, transport, metrics }: PoolOptions) {
    this.origin = parseOrigin(address);
    this.settings = settings;
    this.wheel = wheel;
    this.transport = transport;
    this.#metrics = metrics;
  }

  /** Connections there are, and how many of them are free. */
  get size(): { readonly open: number; readonly free: number; readonly waiting: number } {
    return { open: this.#open.size, free: this.#free.length, waiting: this.#waiting.size };
  }

  /** Calls `onReady` of the user, at once where a connection is free, or `onFailure`. */
  acquire(user: UpstreamUser): void {
    const free = this.#free.pop();
    if (free !== undefined) return free.use(user);
    if (this.#open.size < this.settings.CT_UPSTREAM_CONNECTIONS_MAX) return this.#connect(user);
    this.#wait(user);
  }

  /** As `acquire`, but on a new connection: one that was free has just turned out to be closed, and others may be. */
  acquireNew(user: UpstreamUser): void {
    for (const free of this.#free.splice(0)) free.destroy();
    this.acquire(user);
  }

  /** The user does not wait any more. */
  cancel(user: UpstreamUser): void {
    const deadline = this.#waiting.get(user);
    if (deadline === undefined) return;
    this.#waiting.delete(user);
    this.wheel.remove(deadline);
    this.#metrics.add('ct_proxy_upstream_waiting', -1);
  }

  /** What the edge has offered, if anything; a new process of it offers another line. */
  offerLine(offer: HandoffOffer | undefined): void {
    if (offer?.secret === this.#line?.offer.secret) return;
    this.#line?.close();
    this.#line = offer === undefined ? undefined : this.#openLine(offer);
  }

  /** The line to the edge where it stands; one that broke is tried again now and then. */
  standingLine(): HandoffLine | undefined {
    if (this.#line === undefined) return undefined;
    if (this.#line.isOver && performance.now() - this.#lineTriedAtMs > lineRetryMs)
      this.#line = this.#openLine(this.#line.offer);
    return this.#line.isOpen ? this.#line : undefined;
  }

  #openLine(offer: HandoffOffer): HandoffLine {
    this.#lineTriedAtMs = performance.now();
    return new HandoffLine({ offer, transport: this.transport, wheel: this.wheel });
  }

  onFree(connection: EdgeConnection): void {
    const next = this.#nextWaiting();
    if (next !== undefined) return connection.use(next);
    if (this.#isClosing) return connection.destroy();
    this.#free.push(connection);
  }

  onClosed(connection: EdgeConnection): void {
    this.#open.delete(connection);
    const at = this.#free.lastIndexOf(connection);
    if (at !== -1) this.#free.splice(at, 1);
    const next = this.#nextWaiting();
    if (next !== undefined) this.#connect(next);
  }

  /** Closes what is free now, and the others when they are. */
  close(): void {
    this.#isClosing = true;
    for (const free of this.#free.splice(0)) free.destroy();
  }

  /**
   * The edge is over, or its address has changed: closes what is free, and after a grace for answers that are on their
   * way fails the rest. An edge that is frozen answers nobody, and its keys are elsewhere by now.
   */
  retire(): void {
    this.close();
    this.wheel.set(this.#grace, retireGraceMs);
  }

  /** Ends every connection. */
  destroy(): void {
    this.wheel.remove(this.#grace);
    this.close();
    for (const connection of this.#open) connection.destroy();
    this.leaveTunnels();
    for (const tunnel of this.tunnels) tunnel.close();
    this.#line?.close();
  }

  /** The front door goes: connections that the edge has go on. */
  leaveTunnels(): void {
    for (const tunnel of this.tunnels) tunnel.leave();
  }

  #connect(user: UpstreamUser): void {
    this.#open.add(new UpstreamConnection(this.origin, user, this));
  }

  #wait(user: UpstreamUser): void {
    if (this.#waiting.size >= this.settings.CT_UPSTREAM_CONNECTIONS_MAX * waitingPerConnection)
      return this.#refuse(user);
    const deadline = new Deadline(() => {
      this.cancel(user);
      this.#refuse(user);
    });
    this.#waiting.set(user, deadline);
    this.#metrics.add('ct_proxy_upstream_waiting', 1);
    this.wheel.set(deadline, this.settings.CT_CONNECT_TIMEOUT_MS);
  }

  #failAll(): void {
    const cause = new Error('the edge is over');
    for (const user of this.#waiting.keys()) {
      this.cancel(user);
      user.onFailure({ code: 'upstream-refused', reached: 'nothing', cause, isStale: false });
    }
    for (const connection of this.#open) connection.fail(cause);
    // Clients come back and find the next owner, long before they notice by themselves that nobody answers.
    for (const tunnel of this.tunnels) tunnel.close();
    this.#line?.close();
  }

  #refuse(user: UpstreamUser): void {
    const cause = new AppError('edge-busy');
    user.onFailure({ code: 'edge-busy', reached: 'nothing', cause, isStale: false });
  }

  #nextWaiting(): UpstreamUser | undefined {
    const next = this.#waiting.keys().next().value;
    if (next !== undefined) this.cancel(next);
    return next;
  }
}
