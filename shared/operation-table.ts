/** The operations of an admin API by path and method, as every port that has them serves them: who may ask, and for what. */
import type { AdminCaller, AdminOperation } from './admin-operation.ts';
import { AppError, errorBody, toAppError } from './errors.ts';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Not called where nothing is at the path. Throws for who is nobody. */
  readonly admit: () => AdminCaller;
  /** Of those that have one. */
  readonly readBody: (maxBytes: number) => Promise<string>;
}

const bodyMaxBytes = 65_536;

export class OperationTable {
  /** By path, then by method. */
  readonly #places = new Map<string, Map<string, AdminOperation>>();

  constructor(operations: readonly AdminOperation[]) {
    for (const operation of operations) {
      const place = this.#places.get(operation.path) ?? new Map<string, AdminOperation>();
      this.#places.set(operation.path, place.set(operation.method, operation));
    }
  }

  /** What the operation returns, which is sent as JSON. Throws what `refusalOf` knows how to say. */
  async perform({ method, path, query, admit, readBody }: Asked): Promise<unknown> {
    const place = this.#places.get(path);
    if (place === undefined) throw new AppError('not-found');
    const operation = place.get(method === 'HEAD' ? 'GET' : method);
    if (operation === undefined) throw new AppError('method-refused', { facts: { allow: allowedBy(place) } });
    const caller = admit();
    if (operation.role === 'admin' && caller.role !== 'admin') throw new AppError('role-missing');
    const body = operation.method === 'GET' ? undefined : parse(await readBody(bodyMaxBytes));
    return await operation.handle({ query, body, caller });
  }
}

interface RefusalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** With the parameters that an error of an exchange does not carry. */
export function refusalOf(error: unknown): RefusalAnswer {
  const { code, entry, params, facts } = toAppError(error);
  const { allow } = facts;
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return {
    status: entry.status,
    headers: typeof allow === 'string' ? { ...headers, allow } : headers,
    body: errorBody(code, undefined, params),
  };
}

function allowedBy(place: ReadonlyMap<string, unknown>): string {
  return [...place.keys()].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('body-invalid', { cause });
  }
}
