/**
 * The listeners: HTTP/1.1, plain and over TLS. Turns what node:http hands out into wires and starts an
 * exchange for each; answers by itself only what its parser refuses before there is a request.
 */
import { createServer as createHttpServer, STATUS_CODES } from 'node:http';
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { listen } from '#shared/admin-server.ts';
import { errorBody, errorTable } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { ClientConnection } from './client-connection.ts';
import { conductExchange } from './exchange.ts';
import type { ExchangeOptions } from './exchange.ts';
import { HttpWire } from './http-wire.ts';
import { UpgradeWire } from './upgrade-wire.ts';
import type { Upstreams } from './upstream.ts';

interface FrontServerOptions {
  readonly settings: Settings;
  readonly upstreams: Upstreams;
  readonly exchange: ExchangeOptions;
  readonly metrics: Metrics;
}

export interface FrontServer {
  readonly httpPort: number;
  readonly httpsPort: number | undefined;
  /** No new connections; idle ones are closed. */
  stopAccepting(): void;
  /** Ends every connection. */
  destroy(): void;
}

export async function openFrontServer(options: FrontServerOptions): Promise<FrontServer> {
  const { settings } = options;
  const listeners: Listener[] = [new Listener(createHttpServer(serverOptions(settings)), false, options)];
  const httpPort = await listen(listeners[0]!.server, settings.CT_HOST, settings.CT_HTTP_PORT);
  let httpsPort: number | undefined;
  if (settings.CT_TLS_CERT !== '') {
    const tls = {
      cert: readFileSync(settings.CT_TLS_CERT),
      key: readFileSync(settings.CT_TLS_KEY),
      minVersion: 'TLSv1.2',
    } as const;
    const listener = new Listener(createHttpsServer({ ...tls, ...serverOptions(settings) }), true, options);
    listeners.push(listener);
    httpsPort = await listen(listener.server, settings.CT_HOST, settings.CT_HTTPS_PORT);
  }
  return {
    httpPort,
    httpsPort,
    stopAccepting: () => listeners.forEach((listener) => listener.stopAccepting()),
    destroy: () => listeners.forEach((listener) => listener.destroy()),
  };
}

function serverOptions(settings: Settings): ServerOptions {
  return {
    maxHeaderSize: settings.CT_HEAD_MAX_BYTES,
    headersTimeout: settings.CT_HEAD_TIMEOUT_MS,
    keepAliveTimeout: settings.CT_IDLE_TIMEOUT_MS,
    // Bodies have an idle deadline of their own (http-wire.ts); a long upload may take its time.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(1_000, settings.CT_HEAD_TIMEOUT_MS),
    insecureHTTPParser: false,
    requireHostHeader: false,
    shouldUpgradeCallback: (request: IncomingMessage) =>
      request.headers.upgrade?.toLowerCase() === 'websocket',
  };
}

class Listener {
  readonly server: Server;
  readonly #secure: boolean;
  readonly #options: FrontServerOptions;
  readonly #upgraded = new Set<Duplex>();
  readonly #connections = new WeakMap<Duplex, ClientConnection>();

  constructor(server: Server, secure: boolean, options: FrontServerOptions) {
    this.server = server;
    this.#secure = secure;
    this.#options = options;
    server.on('request', (request, response) => this.#onRequest(request, response));
    server.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
    server.on('connect', (request, socket, head) => this.#onUpgrade(request, socket, head));
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#onClientError(error, socket));
  }

  stopAccepting(): void {
    this.server.close();
    this.server.closeIdleConnections();
  }

  destroy(): void {
    this.server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { upstreams, settings, exchange } = this.#options;
    const wire = new HttpWire(request, response, { upstreams, settings, secure: this.#secure });
    const conduct = async (): Promise<boolean> => {
      await conductExchange(wire, exchange);
      return !wire.endsConnection;
    };
    this.#connectionOf(request.socket).accept({ request, response, conduct });
  }

  #connectionOf(socket: Duplex): ClientConnection {
    let connection = this.#connections.get(socket);
    if (connection === undefined) {
      connection = new ClientConnection(socket);
      this.#connections.set(socket, connection);
    }
    return connection;
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#upgraded.add(socket);
    socket.once('close', () => this.#upgraded.delete(socket));
    const wire = new UpgradeWire(request, socket, head, {
      settings: this.#options.settings,
      secure: this.#secure,
    });
    void conductExchange(wire, this.#options.exchange);
  }

  /** The parser's refusals: the connection cannot be used any more. */
  #onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const code = parserRefusal(error.code);
    this.#options.metrics.count('ct_proxy_rejected_total', { code });
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const { status } = errorTable[code];
    const body = errorBody(code);
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
    this.#connectionOf(socket).refuse(head + body);
  }
}

function parserRefusal(code: string | undefined): ErrorCode {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'head-too-large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request-timeout';
    case 'HPE_INVALID_CONTENT_LENGTH':
    case 'HPE_UNEXPECTED_CONTENT_LENGTH':
    case 'HPE_INVALID_TRANSFER_ENCODING':
    case 'HPE_INVALID_CHUNK_SIZE':
      return 'framing-ambiguous';
    default:
      return 'request-malformed';
  }
}
