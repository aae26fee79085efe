/**
 * The edge of the WebSocket table: an unmodified `ws` server that echoes, and keeps of each connection what it saw of it, in
 * order, by the id in the query: messages, pings, pongs, and how it ended.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer } from '#shared/node-http.ts';
import { WebSocketServer } from 'ws';
import type { RawData, WebSocket } from 'ws';
import { checkPath } from '../support/static-backend.ts';

const messageMaxBytes = 100_000;

export class EchoEdge {
  readonly name = 'echo';
  readonly passesChecks = true;
  readonly #server: Server = createServer((request, response) =>
    response.writeHead(request.url === checkPath ? 200 : 404).end(),
  );
  readonly #views = new Map<
    string,
    { readonly events: string[]; readonly over: PromiseWithResolvers<void> }
  >();
  readonly #plain = new WebSocketServer({ noServer: true, maxPayload: messageMaxBytes });
  readonly #deflating = new WebSocketServer({
    noServer: true,
    maxPayload: messageMaxBytes,
    perMessageDeflate: { threshold: 0 },
  });

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async start(): Promise<void> {
    this.#server.on('upgrade', (request, socket, early) => this.#upgrade(request, socket, early));
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** What was seen of a connection, once it is over; undefined where there was none. */
  async viewOf(id: string): Promise<readonly string[] | undefined> {
    const view = this.#views.get(id);
    await view?.over.promise;
    this.#views.delete(id);
    return view?.events;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, early: Buffer): void {
    socket.on('error', () => socket.destroy());
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://edge');
    const server = pathname === '/deflate' ? this.#deflating : this.#plain;
    const id = searchParams.get('id') ?? '';
    server.handleUpgrade(request, socket, early, (connection) => this.#watch(id, connection));
  }

  #watch(id: string, connection: WebSocket): void {
    const events: string[] = [];
    const over = Promise.withResolvers<void>();
    this.#views.set(id, { events, over });
    connection.on('message', (data, isBinary) => {
      events.push(`${isBinary ? 'binary' : 'text'} ${digest(data)}`);
      connection.send(data, { binary: isBinary });
    });
    connection.on('ping', (data) => events.push(`ping ${digest(data)}`));
    connection.on('pong', (data) => events.push(`pong ${digest(data)}`));
    connection.on('error', (error: NodeJS.ErrnoException) =>
      events.push(`error ${error.code ?? error.message}`),
    );
    connection.on('close', (code, reason) => {
      events.push(`close ${code} ${reason.toString('hex')}`);
      over.resolve();
    });
  }
}

function digest(data: RawData): string {
  const bytes = data as Buffer;
  return bytes.length <= 16 ? bytes.toString('hex') : createHash('sha1').update(bytes).digest('hex');
}
