/**
 * A static backend for tests: a plain HTTP and WebSocket server that tells its name in every answer and
 * records what reached it, parsed and as raw bytes. Its checks can be made to fail while it goes on serving.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer } from '#shared/node-http.ts';
import { WebSocketServer } from 'ws';
import type { Certificate } from './certificate.ts';
import type { Lifetime } from './child-end.ts';

export const checkPath = '/health';

export interface RecordedRequest {
  readonly method: string;
  readonly target: string;
  /** Flat list in wire order, names in lower case. */
  readonly headers: readonly string[];
  readonly body: string;
  readonly isUpgrade: boolean;
}

/** What a backend tells in the body of an answer and in the first message of a WebSocket. */
export interface BackendAnswer {
  readonly backend: string;
  readonly target: string;
  readonly body: string;
}

type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;
type UpgradeHandler = (request: IncomingMessage, socket: Duplex, early: Buffer) => void;

const rawBytesMax = 1_048_576;

/** Where a backend listens other than on a free port, plain. */
export interface BackendPlace {
  readonly socketPath?: string;
  readonly certificate?: Certificate;
}

/** Starts a backend; it ends with the test. */
export async function startStaticBackend(
  t: Lifetime,
  name: string,
  place: BackendPlace = {},
): Promise<StaticBackend> {
  const backend = new StaticBackend(name, place);
  await backend.start();
  t.after(async () => await backend.stop());
  return backend;
}

export class StaticBackend {
  readonly name: string;
  /** Without the checks of the front door. */
  readonly requests: RecordedRequest[] = [];
  /** False lets the checks fail; everything else is still answered. */
  passesChecks = true;
  /** False lets them wait in vain. */
  answersChecks = true;
  /** Takes the requests of its path in place of the standard answer. */
  readonly handlers = new Map<string, RequestHandler>();
  readonly upgradeHandlers = new Map<string, UpgradeHandler>();
  #server: Server | undefined;
  #port = 0;
  #raw: Buffer[] = [];
  #rawBytes = 0;
  readonly #sockets = new Set<Socket>();
  readonly #webSockets = new WebSocketServer({ noServer: true });

  readonly #place: BackendPlace;

  constructor(name: string, place: BackendPlace) {
    this.name = name;
    this.#place = place;
  }

  get url(): string {
    const { socketPath, certificate } = this.#place;
    if (socketPath !== undefined) return `unix:${socketPath}`;
    return `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  /** Every byte that reached the backend, checks included, up to a bound. */
  get rawText(): string {
    return Buffer.concat(this.#raw).toString('latin1');
  }

  /** Listens, on the same address as before when it was stopped. */
  async start(): Promise<void> {
    const server = this.#createServer();
    server.on('upgrade', (request, socket, early) => this.#upgrade(request, socket, early));
    // Below TLS a socket has other bytes.
    const arrival = this.#place.certificate === undefined ? 'connection' : 'secureConnection';
    server.on(arrival, (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('data', (chunk) => this.#keepRaw(chunk));
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server = server;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    const { socketPath } = this.#place;
    if (socketPath === undefined) server.listen(this.#port, '127.0.0.1', resolve);
    else server.listen(socketPath, resolve);
    await promise;
    if (socketPath === undefined) this.#port = (server.address() as AddressInfo).port;
  }

  /** Ends like a killed process: every connection is cut, the port refuses. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    for (const socket of this.#sockets) socket.destroy();
    await promise;
  }

  #createServer(): Server {
    const answer = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#answer(request, response);
    const { certificate } = this.#place;
    if (certificate === undefined) return createServer(answer);
    const { certPath, keyPath } = certificate;
    return createTlsServer({ cert: readFileSync(certPath), key: readFileSync(keyPath) }, answer);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '';
    if (target === checkPath && !this.answersChecks) return;
    if (target === checkPath) return void response.writeHead(this.passesChecks ? 200 : 503).end();
    const handler = this.handlers.get(target.split('?', 1)[0]!);
    if (handler !== undefined) {
      this.#record(request, '', false);
      return handler(request, response);
    }
    const body = await readAll(request);
    if (body === undefined) return;
    this.#record(request, body, false);
    const answer: BackendAnswer = { backend: this.name, target, body };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, early: Buffer): void {
    socket.on('error', () => socket.destroy());
    this.#record(request, '', true);
    const target = request.url ?? '';
    const handler = this.upgradeHandlers.get(target.split('?', 1)[0]!);
    if (handler !== undefined) return handler(request, socket, early);
    this.#webSockets.handleUpgrade(request, socket, early, (webSocket) => {
      const answer: BackendAnswer = { backend: this.name, target, body: '' };
      webSocket.send(JSON.stringify(answer));
      webSocket.on('message', (data, isBinary) => webSocket.send(data as Buffer, { binary: isBinary }));
      webSocket.on('error', () => webSocket.terminate());
    });
  }

  #record(request: IncomingMessage, body: string, isUpgrade: boolean): void {
    this.requests.push({
      method: request.method ?? '',
      target: request.url ?? '',
      headers: request.rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text)),
      body,
      isUpgrade,
    });
  }

  #keepRaw(chunk: Buffer): void {
    if (this.#rawBytes > rawBytesMax) return;
    this.#rawBytes += chunk.length;
    this.#raw.push(chunk);
  }
}

/** The values of a recorded header. */
export function valuesOf(request: RecordedRequest, name: string): string[] {
  return request.headers.filter((_, i) => i % 2 === 1 && request.headers[i - 1] === name);
}

/** The whole body; undefined where the sender broke off. */
async function readAll(request: IncomingMessage): Promise<string | undefined> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  } catch {
    return undefined;
  }
}
