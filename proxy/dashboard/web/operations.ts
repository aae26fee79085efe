/** The admin operations as the dashboard asks for them: in the viewer's name, with the token that proves the page is ours. */
import type { z } from 'zod';
import type { adminTable } from '../../admin/admin-table.ts';

type Table = typeof adminTable;
export type OperationName = keyof Table;
export type Answer<N extends OperationName> = z.output<Table[N]['answer']>;

export interface Viewer {
  readonly name: string;
  readonly role: 'reader' | 'admin';
  readonly csrf: string;
}

/** What the server said no with. */
class Refusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** What takes longest on the server is to read a registry, and that is over within 25 s; a session moves within 6 s. */
const answerMaxMs = 30_000;

let viewer: Viewer | undefined;

export async function loadViewer(): Promise<Viewer> {
  viewer = (await call('GET', '/dashboard/viewer')) as Viewer;
  return viewer;
}

/** As `/dashboard/logs/` lists them. */
export interface LogList {
  readonly host: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly modified: string }[];
  readonly archive?: string;
}

export async function listLogs(): Promise<LogList> {
  return (await call('GET', '/dashboard/logs/')) as LogList;
}

/** Whether this server offers downloads of clients. */
export async function hasClients(): Promise<boolean> {
  const { ok } = await fetch('/clients/', { method: 'HEAD', signal: AbortSignal.timeout(answerMaxMs) });
  return ok;
}

/** An operation that only looks. */
export async function look<N extends OperationName>(
  path: N | string,
  query: Readonly<Record<string, string | number | undefined>> = {},
): Promise<Answer<N>> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return (await call('GET', `/dashboard/api/${path}${text === '' ? '' : `?${text}`}`)) as Answer<N>;
}

/** An operation that changes something. */
export async function act(path: string, body: object, method: 'POST' | 'PUT' = 'POST'): Promise<unknown> {
  return await call(method, `/dashboard/api/${path}`, body);
}

async function call(method: string, url: string, body?: object): Promise<unknown> {
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(url, {
      method,
      signal: AbortSignal.timeout(answerMaxMs),
      headers: {
        accept: 'application/json',
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'x-csrf-token': viewer?.csrf ?? '' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    text = await answer.text();
  } catch {
    throw new Refusal(0, 'unreachable', 'The server cannot be reached.');
  }
  if (answer.ok) return JSON.parse(text);
  throw toRefusal(answer.status, text);
}

function toRefusal(status: number, text: string): Refusal {
  try {
    const {
      code,
      message,
      params = [],
    } = JSON.parse(text) as { code: string; message: string; params?: string[] };
    return new Refusal(status, code, [message, ...params].join(' '));
  } catch {
    return new Refusal(status, `status ${status}`, 'The server gave an answer that is none.');
  }
}

/** Where the fields are read again. */
export const overtaken =
  'Somebody else has changed this meanwhile: the fields show what is set now. (setting-changed)';

/** Whether somebody else was faster. */
export function isOvertaken(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'setting-changed';
}

/** In words, with the code. */
export function describeRefusal(error: unknown): string {
  if (error instanceof Refusal) return `${error.message} (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}
