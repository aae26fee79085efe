/**
 * Everything below `/dashboard/` that is not the door's: the built pages, the live stream, and the admin operations, which a viewer
 * asks for with the role that the door gave, each audited under the viewer's name.
 */
import type { AdminOperation } from '#shared/admin-operation.ts';
import { OperationTable, refusalOf } from '#shared/operation-table.ts';
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

export class Dashboard {
  readonly #options: DashboardOptions;
  #operations = new OperationTable([]);

  constructor(options: DashboardOptions) {
    this.#options = options;
  }

  /** The operations of the admin port, which opens later. */
  serve(operations: readonly AdminOperation[]): void {
    this.#operations = new OperationTable(
      operations.map((operation) => ({
        ...operation,
        path: operation.path.replace('/admin/', operationsUnder),
      })),
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
    // Pieces that nobody asks for would be a viewer who never leaves.
    const body = request.method === 'HEAD' ? '' : stream.open(request.signal, viewer.isStillIn);
    return { status: 200, headers, body };
  };

  async #answerOperation(viewer: Viewer, request: LocalRequest): Promise<LocalAnswer> {
    const { method, path, query, client, readBody } = request;
    const { role, name } = viewer;
    try {
      return json(
        200,
        await this.#operations.perform({
          method,
          path,
          query: new URLSearchParams(query),
          admit: () => ({ role, name, via: `dashboard ${client}` }),
          readBody,
        }),
      );
    } catch (error) {
      return refusalOf(error);
    }
  }
}
