/**
 * The admin port that every process has: `/livez` and `/readyz`, which tell no secret and are open, `/metrics` for
 * who may read them, and the operations that the process adds. Over TCP those need a bearer token, of an admin or of a reader; whoever may open the
 * Unix-domain socket, which is the process's own user, is an admin.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, ListenOptions, Server } from 'node:net';
import { createServer } from './node-http.ts';
import { actorHeader } from './admin-operation.ts';
import type { AdminCaller, AdminOperation, AdminRole } from './admin-operation.ts';
import { AppError } from './errors.ts';
import { secretsEqual } from './fleet-secrets.ts';
import type { Metrics } from './metrics.ts';
import type { MetricsAccess } from './metrics-access.ts';
import { OperationTable, refusalOf } from './operation-table.ts';
import { listenOnPath } from './path-listener.ts';

/** An address, or a descriptor that listens already. */
export type ListenTarget = ListenOptions | { readonly fd: number };

export interface AdminTokens {
  readonly admin: string;
  /** Undefined where nobody may only read. */
  readonly reader?: string | undefined;
}

interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly tokens: AdminTokens;
  /** Where the Unix-domain socket is to be; none where undefined. */
  readonly socketPath?: string | undefined;
  /** The socket cannot be had; the port serves all the same. */
  readonly onSocketFault?: (error: unknown) => void;
  readonly metrics: Metrics;
  /** Who may read `/metrics` beside those who have a token of the port or its socket. */
  readonly metricsAccess: MetricsAccess;
  /** Called before `/metrics` is rendered, to set gauges. */
  readonly refreshMetrics: () => void | Promise<void>;
  /** Reasons for not being ready; empty when the process serves. */
  readonly notReady: () => readonly string[];
  readonly operations: readonly AdminOperation[];
}

type Answer = (request: IncomingMessage, response: ServerResponse, isSocket: boolean) => Promise<void> | void;

const actorMaxLength = 128;
const requestTimeoutMs = 10_000;

/** Starts listening; resolves with the port. */
export async function openAdminServer(options: AdminOptions): Promise<{ port: number; close: () => void }> {
  const desk = new AdminDesk(options);
  const open = (isSocket: boolean): Server =>
    createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
      void desk.answer(request, response, isSocket);
    });
  const servers = [open(false)];
  const port = await listen(servers[0]!, { host: options.host, port: options.port });
  if (options.socketPath !== undefined) {
    const server = open(true);
    try {
      await listenOnPath(server, options.socketPath);
      servers.push(server);
    } catch (error) {
      options.onSocketFault?.(error);
    }
  }
  return {
    port,
    close: () => {
      for (const server of servers) {
        server.close();
        if ('closeAllConnections' in server) (server.closeAllConnections as () => void)();
      }
    },
  };
}

/** Listens and returns the port that was taken; rejects with the system's error. */
export async function listen(server: Server, where: ListenTarget): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

class AdminDesk {
  readonly #options: AdminOptions;
  readonly #operations: OperationTable;
  /** What every process has, by path. */
  readonly #own: ReadonlyMap<string, Answer>;

  constructor(options: AdminOptions) {
    this.#options = options;
    this.#operations = new OperationTable(options.operations);
    this.#own = new Map<string, Answer>([
      ['/livez', (_, response) => send(response, 200, { status: 'ok' })],
      ['/readyz', (_, response) => this.#answerReady(response)],
      ['/metrics', async (...asked) => await this.#answerMetrics(...asked)],
    ]);
  }

  async answer(request: IncomingMessage, response: ServerResponse, isSocket: boolean): Promise<void> {
    try {
      const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://admin');
      const { method = '' } = request;
      const own = this.#own.get(path);
      if (own !== undefined) {
        if (method !== 'GET' && method !== 'HEAD')
          throw new AppError('method-refused', { facts: { allow: 'GET, HEAD' } });
        return await own(request, response, isSocket);
      }
      const admit = (): AdminCaller => (isSocket ? atSocket(request) : this.#admit(request, response));
      const readBody = async (maxBytes: number): Promise<string> => await readText(request, maxBytes);
      send(response, 200, await this.#operations.perform({ method, path, query, admit, readBody }));
    } catch (error) {
      const { status, headers, body } = refusalOf(error);
      response.writeHead(status, headers);
      response.end(body);
    }
  }

  #admit(request: IncomingMessage, response: ServerResponse): AdminCaller {
    const { admin, reader } = this.#options.tokens;
    const role: AdminRole | undefined = bearsToken(request, admin)
      ? 'admin'
      : reader !== undefined && bearsToken(request, reader)
        ? 'reader'
        : undefined;
    if (role === undefined) {
      response.setHeader('www-authenticate', 'Bearer');
      throw new AppError('token-invalid');
    }
    return { role, name: nameOf(request), via: `token ${role} ${request.socket.remoteAddress ?? ''}` };
  }

  #answerReady(response: ServerResponse): void {
    const reasons = this.#options.notReady();
    const isReady = reasons.length === 0;
    send(response, isReady ? 200 : 503, { status: isReady ? 'ok' : 'not-ready', reasons });
  }

  async #answerMetrics(...[request, response, isSocket]: Parameters<Answer>): Promise<void> {
    const { remoteAddress = '' } = request.socket;
    const isKnown = this.#options.metricsAccess.admits(remoteAddress, request.headers.authorization ?? '');
    if (!isSocket && !isKnown) this.#admit(request, response);
    await this.#options.refreshMetrics();
    const text = await this.#options.metrics.render();
    response.writeHead(200, { 'content-type': this.#options.metrics.contentType });
    response.end(text);
  }
}

function atSocket(request: IncomingMessage): AdminCaller {
  return { role: 'admin', name: nameOf(request), via: 'socket' };
}

function nameOf(request: IncomingMessage): string {
  const given = request.headers[actorHeader];
  return typeof given === 'string' ? given.slice(0, actorMaxLength) : '';
}

async function readText(request: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new AppError('body-too-large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** True where the request carries `Authorization: Bearer TOKEN` with this token. */
export function bearsToken(request: IncomingMessage, token: string): boolean {
  const given = request.headers.authorization ?? '';
  return given.startsWith('Bearer ') && secretsEqual(given.slice('Bearer '.length), token);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  // Before the head: what cannot be written must still become an answer of 500.
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(text);
}
