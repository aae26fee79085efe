/**
 * Asks the admin API of a running front door: by the Unix-domain socket of its data folder where the caller may open it, else
 * by its admin port with a token. Says who asks, for the journal.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { hostname, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { request } from '#shared/node-http.ts';
import { actorHeader } from '#shared/admin-operation.ts';
import { settingsSchema } from '#shared/settings/schema.ts';
import { socketPathOf } from '#shared/socket-path.ts';
import { readRunState } from './run-state.ts';

export interface AskOptions {
  readonly admin?: string;
  readonly dataDir: string;
}

interface AskLimits {
  readonly body?: object;
  readonly method?: 'POST' | 'PUT';
  readonly maxMs?: number;
}

interface Place {
  /** As people read it. */
  readonly name: string;
  readonly to: { readonly socketPath: string } | { readonly host: string; readonly port: string | number };
  readonly token?: string;
}

const answerMaxMs = 5_000;

/** Asks the front door; with a body, for a change. `maxMs` is for what takes its time. Throws a line for people. */
export async function ask<T>(options: AskOptions, path: string, limits: AskLimits = {}): Promise<T> {
  const given = options.admin === undefined ? undefined : placeOf(options.admin, options.dataDir);
  if (given !== undefined) return await askAt<T>(given, path, limits);
  const socket = ownSocket(options.dataDir);
  if (socket !== undefined) {
    try {
      return await askAt<T>(socket, path, limits);
    } catch (error) {
      // A file that a dead process left, or one of another user: the port may be there all the same.
      if (!(error instanceof NobodyAnswers) || error.isLate) throw error;
    }
  }
  return await askAt<T>(placeOf(portAddress(options.dataDir), options.dataDir), path, limits);
}

class NobodyAnswers extends Error {
  readonly isLate: boolean;

  constructor(place: Place, isLate: boolean, cause: unknown) {
    super(`no front door answers at ${place.name}; is it running? (--admin, --data-dir)`, { cause });
    this.isLate = isLate;
  }
}

async function askAt<T>(
  place: Place,
  path: string,
  { body: given, method = 'POST', maxMs = answerMaxMs }: AskLimits,
): Promise<T> {
  const signal = AbortSignal.timeout(maxMs);
  let status: number;
  let text: string;
  try {
    const headers = {
      [actorHeader]: actor(),
      ...(place.token === undefined ? {} : { authorization: `Bearer ${place.token}` }),
    };
    const verb = given === undefined ? 'GET' : method;
    const response = await send({ ...place.to, path, method: verb, headers, signal }, given);
    status = response.statusCode ?? 0;
    text = await readAll(response);
  } catch (cause) {
    throw new NobodyAnswers(place, signal.aborted, cause);
  }
  const answer = parse(text);
  if (answer === undefined)
    throw new Error(`${place.name} answers with ${status} and no JSON: is it a front door?`);
  if (status === 200) return answer as T;
  const { code, message, params = [] } = answer as { code: string; message: string; params?: string[] };
  throw new Error([`${code}: ${message}`, ...params].join('\n         '));
}

async function send(options: RequestOptions, body: object | undefined): Promise<IncomingMessage> {
  return await new Promise<IncomingMessage>((done, fail) => {
    const asking = request({ ...options, agent: false }, done);
    asking.once('error', fail);
    asking.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `http://HOST:PORT`, or `unix:/PATH`. */
function placeOf(address: string, dataDir: string): Place {
  const socketPath = socketPathOf(address);
  if (socketPath !== undefined) return { name: address, to: { socketPath } };
  const url = URL.parse(address);
  if (url?.protocol !== 'http:')
    throw new Error(`--admin: "${address}" is not http://HOST:PORT or unix:/PATH`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { name: address, to: { host, port: url.port || 80 }, token: adminToken(dataDir) };
}

function ownSocket(dataDir: string): Place | undefined {
  const setting = process.env['CT_ADMIN_SOCKET'] || settingsSchema.CT_ADMIN_SOCKET.default;
  if (setting === 'off') return undefined;
  const socketPath = resolve(setting === 'auto' ? join(dataDir, 'admin.sock') : setting);
  return existsSync(socketPath) ? { name: `unix:${socketPath}`, to: { socketPath } } : undefined;
}

function portAddress(dataDir: string): string {
  const port =
    readRunState(dataDir)?.ports['admin'] ??
    process.env['CT_ADMIN_PORT'] ??
    settingsSchema.CT_ADMIN_PORT.default;
  return `http://127.0.0.1:${port}`;
}

/** The admin's, or else the reader's: what only looks needs no more. */
function adminToken(dataDir: string): string {
  const given = process.env['CT_ADMIN_TOKEN'] || process.env['CT_ADMIN_READER_TOKEN'];
  if (given !== undefined && given !== '') return given;
  for (const name of ['admin', 'admin-reader']) {
    const path = join(dataDir, `${name}.secret`);
    if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  }
  throw new Error(
    `no admin token: set CT_ADMIN_TOKEN, or --data-dir to the pool's data folder (${join(dataDir, 'admin.secret')} is not there)`,
  );
}

/** A claim: whoever has the token can say anything. */
function actor(): string {
  try {
    return `${userInfo().username}@${hostname()}`.replaceAll(/[^\x21-\x7e]/g, '?');
  } catch {
    // A container may run as a user without a name.
    return `uid ${process.getuid?.() ?? '?'}@${hostname()}`;
  }
}
