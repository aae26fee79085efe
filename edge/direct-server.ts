/**
 * The edge's public side: clients that a front door has sent here with a ticket. A listener of its own, so that the one for
 * front doors, which believes internal headers, need not be reachable; here they are taken away, and only the ticket counts.
 */
import { constants, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { createServer } from '#shared/node-http.ts';
import { listen } from '#shared/admin-server.ts';
import type { ErrorCode } from '#shared/errors.ts';
import { internalHeaderPrefix, internalHeaders } from '#shared/internal-headers.ts';
import type { Metrics } from '#shared/metrics.ts';
import { deriveFleetSecrets } from '#shared/fleet-secrets.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { Tickets } from '#shared/tickets.ts';
import { readDirectTarget } from './core/direct-target.ts';
import { refuseRequest, refuseUpgrade } from './refusal.ts';
import type { EdgeServer } from './server.ts';

interface DirectServerOptions {
  readonly host: string;
  readonly port: number;
  /** Files of the certificate and its key; empty where TLS ends in front of the edge. */
  readonly tls: { readonly cert: string; readonly key: string };
  readonly tickets: Tickets;
  readonly pass: string;
  readonly server: EdgeServer;
  readonly metrics: Metrics;
}

/** The public side as the settings say; undefined where the edge has none. */
export async function openDirectServer(
  settings: Settings,
  parts: { readonly server: EdgeServer; readonly metrics: Metrics },
): Promise<DirectServer | undefined> {
  if (settings.CT_SERVER_URL === '') return undefined;
  const { pass, ticket } = deriveFleetSecrets(settings.CT_JOIN_TOKEN);
  const direct = new DirectServer({
    host: settings.CT_PUBLIC_HOST,
    port: settings.CT_PUBLIC_PORT,
    tls: { cert: settings.CT_TLS_CERT, key: settings.CT_TLS_KEY },
    tickets: new Tickets(ticket, Date.now),
    pass,
    ...parts,
  });
  await direct.open();
  return direct;
}

const headMaxBytes = 32_768;
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;
const keepAliveMs = 65_000;
/** A head that is late is found by so much later. */
const checkingIntervalMs = 5_000;

class DirectServer {
  readonly #options: DirectServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  #port = 0;

  /** Throws where a file of the certificate cannot be read. */
  constructor(options: DirectServerOptions) {
    this.#options = options;
    const limits = {
      maxHeaderSize: headMaxBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: checkingIntervalMs,
    };
    const { cert, key } = options.tls;
    this.#server =
      cert === ''
        ? createServer(limits)
        : createSecureServer({
            ...limits,
            handshakeTimeout: headersTimeoutMs,
            // As at the front door (`test/system/tls-entrance.test.ts`).
            secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
            cert: readFileSync(cert),
            key: readFileSync(key),
          });
    this.#server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const code = this.#letIn(request);
      if (code === undefined) return options.server.handleRequest(request, response);
      request.resume();
      refuseRequest(response, code, exchangeIdOf(request));
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      const code = this.#letIn(request);
      if (code === undefined) return options.server.handleUpgrade(request, socket, head);
      refuseUpgrade(socket, code, exchangeIdOf(request));
    });
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  async open(): Promise<void> {
    this.#port = await listen(this.#server, { host: this.#options.host, port: this.#options.port });
  }

  get port(): number {
    return this.#port;
  }

  stopAccepting(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  destroy(): void {
    this.#server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Makes the request one as a front door would have sent it; the code of a refusal where it may not be. */
  #letIn(request: IncomingMessage): ErrorCode | undefined {
    const { tickets, pass, server, metrics } = this.#options;
    const refused = (code: ErrorCode): ErrorCode => {
      metrics.count('ct_edge_refused_total', { code });
      return code;
    };
    const read = readDirectTarget(request.url ?? '/', request.rawHeaders);
    stripInternal(request);
    request.headers[internalHeaders.exchange] = randomUUID();
    if (read.kind === 'refused') return refused(read.code);
    const verified = tickets.verify(read.ticket);
    if (verified.kind === 'refused') return refused(verified.code);
    const { key, epoch, owner } = verified.claims;
    if (read.keys.some((named) => named !== key)) return refused('key-conflict');
    if (!server.isPublic(read.target)) return refused('not-found');
    request.url = read.target;
    request.headers[internalHeaders.pass] = pass;
    request.headers[internalHeaders.owner] = owner;
    request.headers[internalHeaders.key] = key;
    request.headers[internalHeaders.epoch] = String(epoch);
    return undefined;
  }
}

/** In every form in which Node gives headers. */
function stripInternal(request: IncomingMessage): void {
  for (const name of Object.keys(request.headers)) {
    if (name.replaceAll('_', '-').startsWith(internalHeaderPrefix)) delete request.headers[name];
  }
  const kept = request.rawHeaders.filter(
    (_, i, all) => !all[i - (i % 2)]!.toLowerCase().replaceAll('_', '-').startsWith(internalHeaderPrefix),
  );
  request.rawHeaders.splice(0, request.rawHeaders.length, ...kept);
}

function exchangeIdOf(request: IncomingMessage): string {
  const id = request.headers[internalHeaders.exchange];
  return typeof id === 'string' ? id : '';
}
