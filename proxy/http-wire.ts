/**
 * The wire of plain requests: node:http in, undici out. Bodies stream both ways under back-pressure; a
 * client that leaves aborts the upstream request at once, an edge that breaks off breaks the client's
 * answer off, so that a truncated body is never taken for a whole one.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { AppError } from '#shared/errors.ts';
import { internalHeaders } from '#shared/internal-headers.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { headerValues } from './core/header-list.ts';
import type { RequestHead } from './core/request-gate.ts';
import { lingerMs } from './client-connection.ts';
import { judgeFailure } from './upstream.ts';
import type { Upstreams } from './upstream.ts';
import type { ForwardOutcome, ForwardPlan, Wire } from './wire.ts';

export class HttpWire implements Wire {
  readonly kind = 'http';
  readonly head: RequestHead;
  readonly peer: Wire['peer'];
  readonly hasBody: boolean;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #upstreams: Upstreams;
  readonly #left = new AbortController();
  readonly #bodyIdleMs: number;
  #bytesUp = 0;
  #bodyTimedOut = false;
  #endsConnection = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    options: { upstreams: Upstreams; settings: Settings; secure: boolean },
  ) {
    this.#request = request;
    this.#response = response;
    this.#upstreams = options.upstreams;
    this.head = {
      method: request.method ?? '',
      target: request.url ?? '',
      httpVersion: request.httpVersion,
      headers: request.rawHeaders,
      isUpgrade: false,
    };
    this.peer = { address: plainAddress(request.socket.remoteAddress), secure: options.secure };
    this.hasBody =
      request.headers['transfer-encoding'] !== undefined ||
      Number(request.headers['content-length'] ?? 0) > 0;
    this.#bodyIdleMs = options.settings.CT_BODY_IDLE_TIMEOUT_MS;
    response.once('close', () => {
      if (!response.writableFinished) this.#left.abort();
    });
    response.on('error', () => this.#left.abort());
  }

  get signal(): AbortSignal {
    return this.#left.signal;
  }

  /** True when the answer said that no further request of this connection is served. */
  get endsConnection(): boolean {
    return this.#endsConnection;
  }

  answer(status: number, headers: Readonly<Record<string, string>>, body: string): void {
    if (this.#response.destroyed || this.#response.headersSent) return;
    // An unread body would be taken for the next request, or keep the client waiting: the connection ends.
    const unread = this.hasBody && !this.#request.complete;
    this.#endsConnection = unread || headers['connection'] === 'close';
    this.#response.writeHead(status, {
      'content-length': Buffer.byteLength(body),
      ...headers,
      ...(unread ? { connection: 'close' } : {}),
    });
    if (!unread) return void this.#response.end(this.head.method === 'HEAD' ? undefined : body);
    this.#response.write(body);
    this.#finishAfterBody();
  }

  /** An end while the client still sends would reset the connection, and take the answer from the client. */
  #finishAfterBody(): void {
    const finish = (): void => {
      clearTimeout(timer);
      this.#response.end();
    };
    const timer = setTimeout(finish, lingerMs);
    this.#request.once('close', finish);
    this.#request.once('end', finish);
    this.#request.resume();
  }

  async readBody(maxBytes: number): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of this.#body(() => this.#request.destroy())) {
        size += chunk.length;
        if (size > maxBytes) throw new AppError('body-too-large');
        chunks.push(chunk);
      }
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError(this.#bodyTimedOut ? 'request-timeout' : 'client-left', { cause: error });
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  async forward(plan: ForwardPlan, onAnswer: () => void): Promise<ForwardOutcome> {
    return await new Promise<ForwardOutcome>((resolve) => {
      const transfer = new Transfer({
        plan,
        response: this.#response,
        onAnswer,
        bytesUp: () => this.#bytesUp,
        clientFault: () => this.#clientFault(),
        resolve,
      });
      const leave = (): void => transfer.abort(this.#clientFault() ?? new AppError('client-left'));
      if (this.signal.aborted) return leave();
      this.signal.addEventListener('abort', leave, { once: true });
      transfer.onSettled = () => this.signal.removeEventListener('abort', leave);
      this.#upstreams.pool(plan.address).dispatch(
        {
          method: this.head.method,
          path: plan.target,
          headers: [...plan.headers],
          body: this.hasBody
            ? Readable.from(
                this.#body(() => this.#left.abort()),
                { objectMode: false },
              )
            : null,
        },
        transfer,
      );
    });
  }

  /** A body that broke off shows upstream as a failure too: who is to blame is asked here first. */
  #clientFault(): AppError | undefined {
    if (this.#bodyTimedOut) return new AppError('request-timeout');
    const brokeOff = this.#request.destroyed && !this.#request.complete;
    return this.signal.aborted || brokeOff ? new AppError('client-left') : undefined;
  }

  /**
   * The request's body as it comes: counted, and given up when the client stops sending in the middle. A
   * consumer that stops early leaves the connection alone, so that the client still gets its answer.
   */
  async *#body(giveUp: () => void): AsyncGenerator<Buffer> {
    const timer = setTimeout(() => {
      this.#bodyTimedOut = true;
      giveUp();
    }, this.#bodyIdleMs);
    try {
      for await (const chunk of this.#request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        this.#bytesUp += chunk.length;
        timer.refresh();
        yield chunk;
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

interface TransferOptions {
  readonly plan: ForwardPlan;
  readonly response: ServerResponse;
  readonly onAnswer: () => void;
  readonly bytesUp: () => number;
  readonly clientFault: () => AppError | undefined;
  readonly resolve: (outcome: ForwardOutcome) => void;
}

/** One request on its way to the upstream and its answer on the way back; settles once. */
class Transfer implements Dispatcher.DispatchHandler {
  onSettled: () => void = () => undefined;
  readonly #options: TransferOptions;
  #controller: Dispatcher.DispatchController | undefined;
  #refusal: string | undefined;
  #status = 0;
  #bytesDown = 0;
  #abortedBy: AppError | undefined;
  #settled = false;

  constructor(options: TransferOptions) {
    this.#options = options;
  }

  abort(reason: AppError): void {
    this.#abortedBy = reason;
    this.#controller?.abort(reason);
    this.#fail(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#abortedBy !== undefined) controller.abort(this.#abortedBy);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    message?: string,
  ): void {
    // Informational answers (RFC 9110 section 15.2) concern our connection to the edge.
    if (status < 200) return;
    const headers = toHeaderList(controller.rawHeaders);
    if (status === 421 && this.#options.plan.takesRefusals) {
      this.#refusal = headerValues(headers, internalHeaders.refusal)[0] ?? 'unnamed';
      return;
    }
    this.#options.onAnswer();
    this.#status = status;
    const { response, plan } = this.#options;
    response.writeHead(status, message ?? '', plan.answerHeaders(headers));
    response.on('drain', () => controller.resume());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#refusal !== undefined) return;
    this.#bytesDown += chunk.length;
    if (!this.#options.response.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    if (this.#refusal !== undefined) return this.#settle({ kind: 'misdirected', refusal: this.#refusal });
    const { response } = this.#options;
    response.end(() => this.#settle({ kind: 'answered', status: this.#status, bytes: this.#bytes }));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(this.#options.clientFault() ?? error);
  }

  get #bytes(): { up: number; down: number } {
    return { up: this.#options.bytesUp(), down: this.#bytesDown };
  }

  #fail(error: Error): void {
    const judged =
      error instanceof AppError ? { code: error.code, reached: 'upstream' as const } : judgeFailure(error);
    const failure = { kind: 'failed', code: judged.code, cause: error, bytes: this.#bytes } as const;
    if (this.#status === 0) return this.#settle({ ...failure, reached: judged.reached });
    this.#options.response.destroy();
    this.#settle({ ...failure, reached: 'client', status: this.#status });
  }

  #settle(outcome: ForwardOutcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.onSettled();
    this.#options.resolve(outcome);
  }
}

/** IPv4 clients of a dual-stack socket appear as ::ffff:a.b.c.d. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}

function toHeaderList(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  return Array.isArray(raw)
    ? raw.map((item) => (typeof item === 'string' ? item : item.toString('latin1')))
    : [];
}
