/**
 * The listeners: HTTP/1.1 on sockets, plain and over TLS. Each connection reads its requests off by itself
 * (`wire/client-connection.ts`); here they become wires, and each wire an exchange.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { InheritedListeners } from '#shared/inherited-listeners.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { headerTokens, headerValues } from './core/header-list.ts';
import { conductExchange } from './exchange.ts';
import type { ExchangeOptions } from './exchange.ts';
import { Http2Connection } from './http2/http2-connection.ts';
import type { Http2Door } from './http2/http2-connection.ts';
import type { Arrival, Arrivals } from './limits/arrivals.ts';
import { Doorstep } from './limits/doorstep.ts';
import { SecureDoorstep } from './proxied/secure-doorstep.ts';
import type { Certificates } from './tls/certificates.ts';
import type { HandshakeFailures } from './tls/handshake-failures.ts';
import { http11, listenSecurely } from './tls/secure-listener.ts';
import type { ProtocolTable } from './tls/secure-listener.ts';
import { aheadPerTurn } from './wire/bounds.ts';
import { ClientConnection } from './wire/client-connection.ts';
import type { ClientWire, Door } from './wire/client-connection.ts';
import { NetSocket } from './wire/net-socket.ts';
import type { RequestScanner } from './wire/request-head.ts';
import { RequestWire } from './wire/request-wire.ts';
import type { TimerWheel } from './wire/timer-wheel.ts';
import type { Acceptor, Listening, Transport } from './wire/transport.ts';
import { TurnQueue } from './wire/turn-queue.ts';
import { UpgradeWire } from './wire/upgrade-wire.ts';
import type { Upstreams } from './wire/upstreams.ts';
import type { Wire } from './wire/wire.ts';

interface FrontServerOptions {
  readonly settings: Settings;
  readonly inherited: InheritedListeners;
  readonly upstreams: Upstreams;
  readonly wheel: TimerWheel;
  readonly transport: Transport;
  readonly exchange: ExchangeOptions;
  readonly arrivals: Arrivals;
  readonly metrics: Metrics;
  /** Undefined without a certificate: then there is no HTTPS port. */
  readonly tls: { certificates: Certificates; failures: HandshakeFailures } | undefined;
}

export interface FrontServer {
  readonly httpPort: number;
  readonly httpsPort: number | undefined;
  /** New connections wait outside, or come in again; false where a listener cannot leave them there. */
  hold(isHeld: boolean): boolean;
  /** No new connections; idle ones are closed. */
  stopAccepting(): void;
  /** No new connections; each that is open ends with its next answer, or when it has been idle for long enough. */
  retire(): void;
  /** Resolves when no connection is open that could still bring a request, or at the signal. */
  emptied(signal: AbortSignal): Promise<void>;
  /** Ends every connection. */
  destroy(): void;
}

export async function openFrontServer(options: FrontServerOptions): Promise<FrontServer> {
  const { settings, transport, inherited, metrics } = options;
  const plain = new Listener(false, options);
  const listeners = [plain];
  const httpPort = await plain.open(async ({ accept }) => {
    return inherited.http === undefined
      ? await transport.listen(settings.CT_HOST, settings.CT_HTTP_PORT, accept)
      : await transport.listenOn(inherited.http, accept);
  });
  let httpsPort: number | undefined;
  let below: SecureDoorstep | undefined;
  const { tls } = options;
  if (tls !== undefined) {
    const secure = new Listener(true, options);
    listeners.push(secure);
    const step = new SecureDoorstep({ ...options, introductionMaxMs: settings.CT_HEAD_TIMEOUT_MS });
    below = step;
    const greet = (socket: Socket, goOn: () => void): void => {
      secure.keep(socket);
      step.accept(socket, goOn);
    };
    httpsPort = await secure.open(async () => {
      const protocols: ProtocolTable = new Map([
        ...(settings.CT_HTTP2 === 'on'
          ? [['h2', (socket: TLSSocket) => secure.takeHttp2(socket, step.arrivalOf(socket))] as const]
          : []),
        [http11, (socket) => secure.enter((ears) => new NetSocket(socket, ears), step.arrivalOf(socket))],
      ]);
      const descriptor = inherited.https;
      return await listenSecurely({ ...tls, settings, metrics, protocols, greet, descriptor });
    });
  }
  return {
    httpPort,
    httpsPort,
    emptied: async (signal) => {
      await Promise.all(listeners.map(async (listener) => await listener.emptied(signal)));
    },
    hold: (isHeld) => {
      if (isHeld) below?.hurry();
      return listeners.map((listener) => listener.hold(isHeld)).every(Boolean);
    },
    retire: () => {
      listeners.forEach((listener) => listener.retire());
      below?.letAllIn();
    },
    stopAccepting: () => {
      below?.letAllIn();
      listeners.forEach((listener) => listener.stopAccepting());
    },
    destroy: () => listeners.forEach((listener) => listener.destroy()),
  };
}

class Listener implements Door, Http2Door {
  readonly secure: boolean;
  readonly settings: Settings;
  readonly wheel: TimerWheel;
  readonly ahead = new TurnQueue(aheadPerTurn);
  readonly metrics: Metrics;
  isStopping = false;
  readonly upstreams: Upstreams;
  readonly #exchange: ExchangeOptions;
  readonly #connections = new Map<ClientConnection | Http2Connection, Arrival | undefined>();
  readonly #doorstep: Doorstep;
  readonly #sockets = new Set<Socket>();
  #listening: Listening | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(secure: boolean, options: FrontServerOptions) {
    this.secure = secure;
    this.settings = options.settings;
    this.wheel = options.wheel;
    this.metrics = options.metrics;
    this.upstreams = options.upstreams;
    this.#exchange = options.exchange;
    const introductionMaxMs = options.settings.CT_HEAD_TIMEOUT_MS;
    this.#doorstep = new Doorstep({ ...options, introductionMaxMs, enter: (...who) => this.enter(...who) });
  }

  /** Listens; resolves with the port. */
  async open(listen: (doorstep: Doorstep) => Promise<Listening>): Promise<number> {
    this.#listening = await listen(this.#doorstep);
    return this.#listening.port;
  }

  /** Takes in whoever may come in. */
  enter(adopt: Parameters<Acceptor>[0], arrival: Arrival | undefined): ClientConnection {
    const connection = new ClientConnection(adopt, this, arrival?.client);
    this.#connections.set(connection, arrival);
    return connection;
  }

  openWire(connection: ClientConnection, scanner: RequestScanner): ClientWire {
    const { settings, wheel, secure } = this;
    if (asksForUpgrade(scanner)) {
      // From now on it counts as the WebSocket that it is about to be.
      this.#connections.get(connection)?.leave();
      return new UpgradeWire(connection, scanner, { settings, wheel, secure, upstreams: this.upstreams });
    }
    return new RequestWire(connection, scanner, {
      upstreams: this.upstreams,
      door: this,
    });
  }

  /** A connection that speaks HTTP/2. */
  takeHttp2(socket: TLSSocket, arrival: Arrival | undefined): void {
    const connection = new Http2Connection(socket, this, arrival);
    this.#connections.set(connection, arrival);
    if (this.isStopping) connection.stop();
  }

  noteRefusal(code: ErrorCode, address: string): void {
    this.#exchange.settler.settleUnread(code, address);
  }

  conduct(wire: Wire): Promise<void> {
    return conductExchange(wire, this.#exchange);
  }

  forget(connection: ClientConnection | Http2Connection): void {
    this.#connections.get(connection)?.leave();
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  async emptied(signal: AbortSignal): Promise<void> {
    if (this.#connections.size === 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  hold(isHeld: boolean): boolean {
    if (isHeld) this.#doorstep.hurry();
    this.#listening?.hold?.(isHeld);
    return this.#listening?.hold !== undefined;
  }

  retire(): void {
    this.isStopping = true;
    this.#listening?.stop();
    this.#doorstep.letAllIn();
    // Over HTTP/1.1 an answer says that its connection ends, and the next one comes on another.
    for (const connection of this.#connections.keys())
      if (connection instanceof Http2Connection) connection.stop();
  }

  stopAccepting(): void {
    this.retire();
    for (const connection of this.#connections.keys()) connection.stop();
  }

  destroy(): void {
    this.#doorstep.destroy();
    for (const connection of this.#connections.keys()) connection.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** For sockets that are not connections yet: they, too, end with the listener. */
  readonly keep = (socket: Socket): void => {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  };
}

/**
 * WebSockets alone are upgraded; other upgrades, and those of HTTP/1.0 (RFC 9110 section 7.8), are served as the plain
 * requests that they also are.
 */
function asksForUpgrade(scanner: RequestScanner): boolean {
  // CONNECT is refused by the gate, and its connection with it.
  if (scanner.method === 'CONNECT') return true;
  if (scanner.httpVersion === '1.0') return false;
  const headers = scanner.headers();
  const protocols = headerValues(headers, 'upgrade');
  if (protocols.length === 0 || protocols.join(', ').toLowerCase() !== 'websocket') return false;
  return headerTokens(headers, 'connection').includes('upgrade');
}
