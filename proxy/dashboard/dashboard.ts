/**
 * Everything below `/dashboard/` that is not the door's: the built pages, the live stream, and the admin operations, which a viewer
 * asks for with the role that the door gave, each audited under the viewer's name.
 */
import type { AdminMethod, AdminOperation } from '#shared/admin-operation.ts';
import { AppError, errorBody, toAppError } from '#shared/errors.ts';
import { json, requireMethod } from '../local-answer.ts';
import type { LocalAnswer, LocalRequest } from '../local-answer.ts';
import type { BuiltPages } from './built-pages.ts';
import type { Viewer } from './door/viewer.ts';
import type { LiveStream } from './live/live-stream.ts';

interface DashboardOptions {
  readonly pages: BuiltPages;
  readonly stream: LiveStream;
}

const top = '/dashboard/';
const operationsUnder = `${top}api/`;
/** As on the admin port. */
const bodyMaxBytes = 65_536;

export class Dashboard {
  readonly #options: DashboardOptions;
  readonly #operations = new Map<string, AdminOperation>();

  constructor(options: DashboardOptions) {
    this.#options = options;
  }

  /** The operations of the admin port, which opens later. */
  serve(operations: readonly AdminOperation[]): void {
    for (const operation of operations)
      this.#operations.set(
        `${operation.method} ${operation.path.replace('/admin/', operationsUnder)}`,
        operation,
      );
  }

  readonly answer = async (viewer: Viewer, request: LocalRequest): Promise<LocalAnswer> => {
    const { pages, stream } = this.#options;
    const { path } = request;
    if (path === top) return pages.answer('index.html', request);
    if (path.startsWith(operationsUnder)) return await this.#answerOperation(viewer, request);
    if (path !== `${top}live`) return pages.answer(path.slice(top.length), request);
    requireMethod(request, 'GET');
    const headers = {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    };
    return { status: 200, headers, body: stream.open(request.signal, viewer.isStillIn) };
  };

  async #answerOperation(viewer: Viewer, request: LocalRequest): Promise<LocalAnswer> {
    try {
      return json(200, await this.#operate(viewer, request));
    } catch (error) {
      // As the admin port says it, with the parameters that an error of an exchange does not carry.
      const { code, entry, params } = toAppError(error);
      const type = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
      return { status: entry.status, headers: type, body: errorBody(code, undefined, params) };
    }
  }

  async #operate(viewer: Viewer, request: LocalRequest): Promise<unknown> {
    const method = (request.method === 'HEAD' ? 'GET' : request.method) as AdminMethod;
    const operation = this.#operations.get(`${method} ${request.path}`);
    if (operation === undefined) throw new AppError('not-found');
    if (operation.role === 'admin' && viewer.role !== 'admin') throw new AppError('role-missing');
    const body = method === 'GET' ? undefined : readJson(await request.readBody(bodyMaxBytes));
    const caller = { role: viewer.role, name: viewer.name, via: `dashboard ${request.client}` };
    return await operation.handle({ query: new URLSearchParams(request.query), body, caller });
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('body-invalid', { cause });
  }
}
