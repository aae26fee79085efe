/**
 * One request on its way to an edge and its answer on the way back: heads rewritten by splicing, bodies as spans of what was
 * read. Settles once. Joins a small body to its head, so that a small message is one write.
 */
import { AppError } from '#shared/errors.ts';
import { internalHeaders } from '#shared/internal-headers.ts';
import type { Framing } from '../core/body-framing.ts';
import { headerValues } from '../core/header-list.ts';
import type { HeaderList } from '../core/header-list.ts';
import { dateLine, statusLine } from './answer-head.ts';
import { joinedSpanMaxBytes } from './bounds.ts';
import type { RequestHead } from '../core/request-gate.ts';
import type { ClientConnection } from './client-connection.ts';
import type { BodySink, RequestBody } from './request-body.ts';
import type { RequestScanner } from './request-head.ts';
import type { ResponseScanner } from './response-head.ts';
import type { ProxiedClient } from '../proxied/proxy-header.ts';
import type { EdgeConnection, UpstreamFailure, UpstreamUser } from './upstream-user.ts';
import type { UpstreamPool } from './upstream-pool.ts';
import type { ByteCounts, ForwardOutcome, ForwardPlan } from './wire.ts';

/** Who answers the client. */
export interface TransferOwner {
  readonly head: RequestHead;
  readonly body: RequestBody | undefined;
  askForBody(): void;
  /** The answer begins; returns the line on the connection for its head. */
  beginAnswer(endsWithConnection: boolean): string;
}

interface TransferOptions {
  readonly connection: ClientConnection;
  readonly scanner: RequestScanner;
  readonly pool: UpstreamPool;
  readonly plan: ForwardPlan;
  readonly wire: TransferOwner;
  readonly resolve: (outcome: ForwardOutcome) => void;
}

/** Replayed on another connection when the one at hand turns out to be closed (RFC 9110 section 9.2.2). */
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

export function isIdempotent(method: string): boolean {
  return idempotentMethods.has(method);
}

export class Transfer implements UpstreamUser, BodySink {
  readonly method: string;
  readonly takesUpgrade = false;
  readonly #options: TransferOptions;
  readonly #body: RequestBody | undefined;
  #upstream: EdgeConnection | undefined;
  #requestHead = '';
  #answerHead = '';
  #hasRetried = false;
  #refusal: string | undefined;
  #status = 0;
  #bytesDown = 0;
  /** What has to be written around a span: the edge's answer has no framing that this client understands. */
  #rechunks = false;
  /** The framing of the answer is passed on as it came. */
  #isFramed = false;
  #endsWithConnection = false;
  /** A span was written as it is, not copied. */
  #hasLent = false;
  #isFlushing = false;
  #isSettled = false;

  constructor(options: TransferOptions) {
    this.#options = options;
    this.#body = options.wire.body;
    this.method = options.scanner.method;
  }

  get client(): ProxiedClient {
    return this.#options.plan.client;
  }

  get holdsBytes(): boolean {
    return this.#hasLent && this.#options.connection.holdsBytes;
  }

  start(): void {
    this.#options.pool.acquire(this);
  }

  abort(reason: AppError): void {
    if (this.#isSettled) return;
    this.#options.pool.cancel(this);
    this.#upstream?.destroy();
    this.#fail({ code: reason.code, reached: 'upstream', cause: reason, isStale: false });
  }

  onReady(upstream: EdgeConnection): void {
    if (this.#isSettled) return upstream.destroy();
    this.#upstream = upstream;
    if (this.#body === undefined) {
      upstream.write(this.#formatRequest());
      return upstream.markRequestSent();
    }
    this.#requestHead = this.#formatRequest();
    this.#options.wire.askForBody();
    // Nothing of the body is there yet: the edge may begin all the same.
    this.#flushRequest();
  }

  onBodySpan(span: Buffer): void {
    if (this.#requestHead !== '' && span.length <= joinedSpanMaxBytes) {
      this.#requestHead += span.toString('latin1');
      return;
    }
    this.#flushRequest();
    if (this.#upstream?.write(span) === false) this.#body!.isBlocked = true;
  }

  onBodyRead(): void {
    this.#flushRequest();
    if (this.#body!.isDone) this.#upstream?.markRequestSent();
  }

  onBodyFault(code: Parameters<BodySink['onBodyFault']>[0]): void {
    this.abort(new AppError(code));
  }

  onDrain(): void {
    const body = this.#body;
    if (body === undefined || !body.isBlocked) return;
    body.isBlocked = false;
    this.#options.connection.advance();
  }

  onClientDrain(): void {
    if (this.#isFlushing) return this.#settleAnswered();
    this.#upstream?.resume();
  }

  onHead(scanner: ResponseScanner, headers: HeaderList, framing: Framing): boolean {
    const { plan, wire } = this.#options;
    const { status } = scanner;
    if (status === 421 && plan.takesRefusals) {
      this.#refusal = headerValues(headers, internalHeaders.refusal)[0] ?? 'unnamed';
      return false;
    }
    this.#status = status;
    const hasEnd = framing.kind === 'length' || framing.kind === 'none';
    const isHttp10 = wire.head.httpVersion === '1.0';
    this.#rechunks = framing.kind === 'until-close' && !isHttp10;
    this.#isFramed = framing.kind === 'chunked' && !isHttp10;
    this.#endsWithConnection = !hasEnd && isHttp10;
    const connectionLine = wire.beginAnswer(this.#endsWithConnection);
    const edit = plan.editAnswer(headers);
    let head = statusLine(status, scanner.reason);
    head += scanner.linesWithout(edit.dropped) + edit.added;
    if (this.#rechunks || this.#isFramed) head += 'transfer-encoding: chunked\r\n';
    if (headerValues(headers, 'date').length === 0) head += dateLine();
    this.#answerHead = `${head}${connectionLine}\r\n`;
    return this.#isFramed;
  }

  onSpan(span: Buffer): void {
    if (this.#refusal !== undefined) return;
    const prefix = this.#rechunks ? `${span.length.toString(16)}\r\n` : '';
    if (span.length <= joinedSpanMaxBytes) {
      this.#answerHead += prefix + span.toString('latin1');
    } else {
      this.#writeBoth(this.#answerHead + prefix, span);
      this.#answerHead = '';
    }
    if (this.#rechunks) this.#answerHead += '\r\n';
    if (this.#answerHead.length > joinedSpanMaxBytes * 4) this.#flushAnswer();
  }

  onReadEnd(payloadBytes: number): void {
    this.#bytesDown = payloadBytes;
    this.#flushAnswer();
    if (this.#options.connection.isCongested) this.#upstream?.pause();
  }

  onAnswerEnd(): void {
    this.#upstream = undefined;
    this.#body?.abandon();
    if (this.#refusal !== undefined) return this.#settle({ kind: 'misdirected', refusal: this.#refusal });
    if (this.#rechunks) this.#options.connection.write('0\r\n\r\n');
    this.#flushAnswer();
    // Not over before the client has taken it, but for what one socket may hold.
    if (this.#options.connection.isCongested) this.#isFlushing = true;
    else this.#settleAnswered();
  }

  onFailure(failure: UpstreamFailure): void {
    this.#upstream = undefined;
    if (!failure.isStale || this.#body !== undefined || !isIdempotent(this.method))
      return this.#fail(failure);
    if (this.#hasRetried) return this.#fail({ ...failure, reached: 'nothing' });
    this.#hasRetried = true;
    this.#options.pool.acquireNew(this);
  }

  #formatRequest(): string {
    const { plan, scanner, pool, wire } = this.#options;
    let head = `${this.method} ${plan.target} HTTP/1.1\r\n${scanner.linesWithout(plan.edit.dropped)}`;
    head += plan.edit.added;
    if (headerValues(wire.head.headers, 'host').length === 0) head += `host: ${pool.origin.authority}\r\n`;
    if (this.#body?.isChunked) head += 'transfer-encoding: chunked\r\n';
    return `${head}\r\n`;
  }

  #flushRequest(): void {
    if (this.#requestHead === '') return;
    const head = this.#requestHead;
    this.#requestHead = '';
    if (this.#upstream?.write(head) === false) this.#body!.isBlocked = true;
  }

  #flushAnswer(): void {
    if (this.#answerHead === '') return;
    const head = this.#answerHead;
    this.#answerHead = '';
    this.#options.connection.write(head);
  }

  #writeBoth(head: string, span: Buffer): void {
    const { connection } = this.#options;
    this.#hasLent = true;
    if (head === '') connection.write(span);
    else connection.writeBoth(head, span);
  }

  #fail({ code, reached, cause }: UpstreamFailure): void {
    this.#body?.abandon();
    const failure = { kind: 'failed', code, cause, bytes: this.#bytes } as const;
    if (this.#status === 0) return this.#settle({ ...failure, reached });
    this.#options.connection.breakOff(this.#endsWithConnection);
    this.#settle({ ...failure, reached: 'client', status: this.#status });
  }

  #settleAnswered(): void {
    this.#settle({ kind: 'answered', status: this.#status, bytes: this.#bytes });
  }

  get #bytes(): ByteCounts {
    return { up: this.#body?.payloadBytes ?? 0, down: this.#bytesDown };
  }

  #settle(outcome: ForwardOutcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#options.resolve(outcome);
  }
}
