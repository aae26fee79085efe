/** The admin API as a program uses it: over the port with a token, or over the Unix-domain socket; answers as they came. */
import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, RequestOptions } from 'node:http';
import { request } from '#shared/node-http.ts';

export interface AdminAnswer {
  readonly status: number;
  readonly allow: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface AdminQuestion {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
}

export type AskAdmin = (question: AdminQuestion) => Promise<AdminAnswer>;

export function askWith(to: { readonly port: number; readonly token?: string }): AskAdmin {
  const { port, token } = to;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return async (question) => await ask({ host: '127.0.0.1', port, headers }, question);
}

export function askAtSocket(socketPath: string, actor?: string): AskAdmin {
  const headers = actor === undefined ? {} : { 'mooring-actor': actor };
  return async (question) => await ask({ socketPath, headers }, question);
}

async function ask(to: RequestOptions, { method = 'GET', path, body }: AdminQuestion): Promise<AdminAnswer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  // Without it the body of a method that has none usually would be sent as the next request.
  const length = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
  const headers = { ...(to.headers as OutgoingHttpHeaders), ...length };
  const asking = request({ ...to, headers, path, method, agent: false });
  asking.end(text);
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  let answer = '';
  response.setEncoding('utf8');
  for await (const chunk of response) answer += chunk as string;
  const isJson = response.headers['content-type'] === 'application/json' && answer !== '';
  return {
    status: response.statusCode ?? 0,
    allow: response.headers.allow,
    body: (isJson ? JSON.parse(answer) : {}) as AdminAnswer['body'],
  };
}
