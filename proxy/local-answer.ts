/** Request and answer of what the front door answers by itself, as `login/` and `local-answers.ts` share them. */
import { AppError } from '#shared/errors.ts';
import type { HeaderList } from './core/header-list.ts';
import type { AnswerBody } from './wire/answer-body.ts';

export interface LocalRequest {
  readonly method: string;
  /** Without a `/~KEY` prefix. */
  readonly path: string;
  readonly query: string;
  /** As the client wrote it; empty where it has none (HTTP/1.0). */
  readonly host: string;
  /** Path and query with whatever prefix they have. */
  readonly target: string;
  readonly headers: HeaderList;
  readonly secure: boolean;
  /** Address of the client. */
  readonly client: string;
  /** It is that of somebody who speaks for another one. */
  readonly isRelayed: boolean;
  readonly readBody: (maxBytes: number) => Promise<string>;
  readonly signal: AbortSignal;
}

export interface LocalAnswer<Body extends AnswerBody = AnswerBody> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

export function json(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): LocalAnswer<string> {
  const type = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
  return { status, headers: { ...type, ...headers }, body: JSON.stringify(body) };
}

/** Throws `method-refused` unless the method is the one; HEAD goes with GET. */
export function requireMethod(request: LocalRequest, method: 'GET' | 'POST'): void {
  if (request.method === method || (method === 'GET' && request.method === 'HEAD')) return;
  throw new AppError('method-refused');
}

/** As the client knows the front door. */
export function originOf({ secure, host }: LocalRequest): string {
  return `${secure ? 'https' : 'http'}://${host || 'localhost'}`;
}
