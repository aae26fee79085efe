/**
 * The admin port that every process has: `/livez`, `/readyz`, `/metrics`, and the routes that the process
 * adds. Routes need the bearer token; the three built-in ones tell no secret and are open. What changes something
 * is a POST with a JSON body, or a PUT of what a GET shows.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, ListenOptions, Server } from 'node:net';
import { errorBody, toAppError, AppError } from './errors.ts';
import { secretsEqual } from './fleet-secrets.ts';
import type { Metrics } from './metrics.ts';

/** Answers `GET path`; what it returns is sent as JSON. Throws an `AppError` to refuse. */
export type AdminRoute = (query: URLSearchParams) => unknown;

/** Answers `POST path`; the body is whatever JSON came. Throws an `AppError` to refuse. */
export type AdminAction = (body: unknown) => unknown;

/** An address, or a descriptor that listens already. */
export type ListenTarget = ListenOptions | { readonly fd: number };

interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly metrics: Metrics;
  /** Called before `/metrics` is rendered, to set gauges. */
  readonly refreshMetrics: () => void | Promise<void>;
  /** Reasons for not being ready; empty when the process serves. */
  readonly notReady: () => readonly string[];
  readonly routes: Readonly<Record<string, AdminRoute>>;
  readonly actions?: Readonly<Record<string, AdminAction>>;
  /** Answer `PUT path`. */
  readonly changes?: Readonly<Record<string, AdminAction>>;
}

const bodyMaxBytes = 65_536;

const requestTimeoutMs = 10_000;

/** Starts listening; resolves with the port. */
export async function openAdminServer(options: AdminOptions): Promise<{ port: number; close: () => void }> {
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    void answer(options, request, response);
  });
  const port = await listen(server, { host: options.host, port: options.port });
  return {
    port,
    close: () => {
      server.close();
      server.closeAllConnections();
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

async function answer(
  options: AdminOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'http://admin');
    const { method } = request;
    if (method === 'POST' || method === 'PUT')
      return send(response, 200, await act(options, url.pathname, request));
    if (request.method !== 'GET' && request.method !== 'HEAD') throw new AppError('method-refused');
    switch (url.pathname) {
      case '/livez':
        return send(response, 200, { status: 'ok' });
      case '/readyz': {
        const reasons = options.notReady();
        return send(response, reasons.length === 0 ? 200 : 503, {
          status: reasons.length === 0 ? 'ok' : 'not-ready',
          reasons,
        });
      }
      case '/metrics': {
        await options.refreshMetrics();
        const text = await options.metrics.render();
        response.writeHead(200, { 'content-type': options.metrics.contentType });
        response.end(text);
        return;
      }
      default: {
        const route = options.routes[url.pathname];
        if (route === undefined) throw new AppError('not-found');
        if (!bearsToken(request, options.token)) throw new AppError('token-invalid');
        return send(response, 200, await route(url.searchParams));
      }
    }
  } catch (error) {
    const { code, entry, params } = toAppError(error);
    response.writeHead(entry.status, { 'content-type': 'application/json' });
    response.end(errorBody(code, undefined, params));
  }
}

async function act(options: AdminOptions, path: string, request: IncomingMessage): Promise<unknown> {
  const isPut = request.method === 'PUT';
  const action = (isPut ? options.changes : options.actions)?.[path];
  const other = (isPut ? options.actions : options.changes)?.[path];
  const isRead =
    other !== undefined ||
    options.routes[path] !== undefined ||
    ['/livez', '/readyz', '/metrics'].includes(path);
  if (action === undefined) throw new AppError(isRead ? 'method-refused' : 'not-found');
  if (!bearsToken(request, options.token)) throw new AppError('token-invalid');
  return await action(await readJson(request));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1');
    if (text.length > bodyMaxBytes) throw new AppError('body-too-large');
  }
  try {
    return JSON.parse(Buffer.from(text, 'latin1').toString('utf8'));
  } catch (cause) {
    throw new AppError('body-invalid', { cause });
  }
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
