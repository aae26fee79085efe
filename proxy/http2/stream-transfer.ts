/**
 * One request of a stream on its way to an edge, over HTTP/1.1, and its answer on the way back: back-pressure both ways,
 * trailers, interim answers. Settles once.
 */
import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { AppError } from '#shared/errors.ts';
import { internalHeaders } from '#shared/internal-headers.ts';
import type { Framing } from '../core/body-framing.ts';
import { headerValues } from '../core/header-list.ts';
import type { HeaderList } from '../core/header-list.ts';
import type { RequestHead } from '../core/request-gate.ts';
import { trailerLines } from '../core/trailer-rules.ts';
import { joinedSpanMaxBytes } from '../wire/bounds.ts';
import { keepBytes } from '../wire/byte-socket.ts';
import type { ResponseScanner } from '../wire/response-head.ts';
import { Deadline } from '../wire/timer-wheel.ts';
import { isIdempotent } from '../wire/transfer.ts';
import type { UpstreamPool } from '../wire/upstream-pool.ts';
import type { ProxiedClient } from '../proxied/proxy-header.ts';
import type { EdgeConnection, UpstreamFailure, UpstreamUser } from '../wire/upstream-user.ts';
import type { ByteCounts, ForwardOutcome, ForwardPlan } from '../wire/wire.ts';
import { editedFields, interimFields, trailerFields } from './answer-fields.ts';
import { ListedHead } from './listed-head.ts';
import type { StreamBody, StreamBodySink } from './stream-body.ts';
import { closeBehind, resetStream } from './stream-end.ts';
import type { StreamOwner } from './stream-owner.ts';

/** Who answers the client. */
export interface TransferOwner {
  readonly head: RequestHead;
  readonly body: StreamBody | undefined;
  readonly owner: StreamOwner;
  askForBody(sink: StreamBodySink): void;
  /** The answer begins. */
  beginAnswer(): void;
}

interface StreamTransferOptions {
  readonly stream: ServerHttp2Stream;
  readonly wire: TransferOwner;
  readonly pool: UpstreamPool;
  readonly plan: ForwardPlan;
  readonly resolve: (outcome: ForwardOutcome) => void;
}

const crlf = '\r\n';

export class StreamTransfer implements UpstreamUser, StreamBodySink {
  readonly method: string;
  readonly takesUpgrade = false;
  /** Spans are lent to the stream, which gives no sign of when it is done with them. */
  holdsBytes = false;
  readonly #options: StreamTransferOptions;
  readonly #stream: ServerHttp2Stream;
  readonly #deadline = new Deadline(() => this.#onClientDue());
  #upstream: EdgeConnection | undefined;
  #hasRetried = false;
  #refusal: string | undefined;
  #status = 0;
  #bytesDown = 0;
  /** Of the answer, where it is known. */
  #length: number | undefined;
  #takesNoBody = false;
  #spans: Buffer[] = [];
  #trailers = '';
  /** The edge has said all, and not all of it has gone out. */
  #isFlushing = false;
  #isSettled = false;

  constructor(options: StreamTransferOptions) {
    this.#options = options;
    this.#stream = options.stream;
    this.method = options.wire.head.method;
  }

  get client(): ProxiedClient {
    return this.#options.plan.client;
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

  /** The stream has closed: true where that is because all was said. */
  settleWhole(): boolean {
    const { closed, rstCode, aborted } = this.#stream;
    const isWhole = this.#isFlushing && closed && rstCode === constants.NGHTTP2_NO_ERROR && !aborted;
    if (isWhole) this.#settleAnswered();
    return isWhole;
  }

  onReady(upstream: EdgeConnection): void {
    if (this.#isSettled) return upstream.destroy();
    this.#upstream = upstream;
    upstream.write(this.#formatRequest());
    if (this.#options.wire.body === undefined) upstream.markRequestSent();
    else this.#options.wire.askForBody(this);
  }

  onBodyBytes(bytes: Buffer): boolean {
    if (this.#upstream === undefined) return false;
    if (!this.#options.wire.body!.isChunked) return this.#upstream.write(bytes);
    const size = Buffer.from(bytes.length.toString(16) + crlf, 'latin1');
    return this.#upstream.write(Buffer.concat([size, bytes, Buffer.from(crlf, 'latin1')]));
  }

  onBodyEnd(trailers: HeaderList): void {
    if (this.#options.wire.body!.isChunked) this.#upstream?.write(`0\r\n${trailerLines(trailers)}\r\n`);
    this.#upstream?.markRequestSent();
  }

  onBodyFault(code: Parameters<StreamBodySink['onBodyFault']>[0]): void {
    this.abort(new AppError(code));
  }

  onDrain(): void {
    this.#options.wire.body?.resume();
  }

  onInterim(scanner: ResponseScanner, headers: HeaderList): void {
    const fields = interimFields(scanner.status, headers, this.#options.plan.editAnswer(headers));
    if (!this.#stream.destroyed && !this.#stream.closed) this.#stream.additionalHeaders(fields);
  }

  onHead(scanner: ResponseScanner, headers: HeaderList, framing: Framing): boolean {
    const { plan, wire } = this.#options;
    const { status } = scanner;
    if (status === 421 && plan.takesRefusals) {
      this.#refusal = headerValues(headers, internalHeaders.refusal)[0] ?? 'unnamed';
      return false;
    }
    const stream = this.#stream;
    // It has just closed, and its wire has not heard of it yet.
    if (stream.destroyed || stream.closed) return false;
    this.#status = status;
    this.#length = framing.kind === 'length' ? framing.bytes : framing.kind === 'none' ? 0 : undefined;
    wire.beginAnswer();
    const waitForTrailers = framing.kind === 'chunked';
    stream.respond(editedFields(status, headers, plan.editAnswer(headers)), {
      endStream: this.#length === 0,
      waitForTrailers,
    });
    // Some statuses end with their head, whatever the edge sends behind it.
    this.#takesNoBody = stream.writableEnded;
    if (waitForTrailers) stream.once('wantTrailers', () => this.#sendTrailers());
    return false;
  }

  onSpan(span: Buffer): void {
    if (this.#refusal !== undefined || this.#takesNoBody) return;
    const isSmall = span.length <= joinedSpanMaxBytes;
    if (!isSmall) this.holdsBytes = true;
    this.#spans.push(isSmall ? Buffer.from(span) : keepBytes(span));
  }

  onReadEnd(payloadBytes: number): void {
    this.#bytesDown = payloadBytes;
    // The last one goes with the end of the stream, in one frame.
    if (payloadBytes === this.#length || this.#spans.length === 0) return;
    if (!this.#stream.destroyed && !this.#stream.write(this.#takeSpans())) this.#awaitDrain();
  }

  onTrailers(lines: string): void {
    this.#trailers = lines;
  }

  onAnswerEnd(): void {
    const { wire } = this.#options;
    this.#upstream = undefined;
    wire.body?.abandon();
    if (this.#refusal !== undefined) return this.#settle({ kind: 'misdirected', refusal: this.#refusal });
    this.#endStream();
    closeBehind(this.#stream);
    // Not over before the client has its end: the last word is written behind the last bytes.
    this.#isFlushing = true;
    if (this.#stream.destroyed) this.abort(new AppError('client-left'));
    else this.#await();
  }

  onFailure(failure: UpstreamFailure): void {
    this.#upstream = undefined;
    const mayRetry = failure.isStale && this.#options.wire.body === undefined && isIdempotent(this.method);
    if (!mayRetry) return this.#fail(failure);
    if (this.#hasRetried) return this.#fail({ ...failure, reached: 'nothing' });
    this.#hasRetried = true;
    this.#options.pool.acquireNew(this);
  }

  #endStream(): void {
    if (this.#takesNoBody || this.#stream.destroyed) return;
    this.#stream.end(this.#takeSpans());
  }

  #sendTrailers(): void {
    const stream = this.#stream;
    if (!stream.destroyed && !stream.closed) stream.sendTrailers(trailerFields(this.#trailers));
  }

  #takeSpans(): Buffer {
    const spans = this.#spans;
    this.#spans = [];
    return spans.length === 1 ? spans[0]! : Buffer.concat(spans);
  }

  #formatRequest(): string {
    const { plan, wire } = this.#options;
    let head = `${this.method} ${plan.target} HTTP/1.1\r\n`;
    head += new ListedHead(wire.head).linesWithout(plan.edit.dropped) + plan.edit.added;
    if (wire.body?.isChunked) head += 'transfer-encoding: chunked\r\n';
    return head + crlf;
  }

  #awaitDrain(): void {
    this.#upstream?.pause();
    this.#await();
    this.#stream.once('drain', () => {
      this.#options.wire.owner.wheel.clear(this.#deadline);
      this.#upstream?.resume();
    });
  }

  #await(): void {
    const { wheel, settings, stall } = this.#options.wire.owner;
    stall.onCongested();
    wheel.set(this.#deadline, settings.CT_BODY_IDLE_TIMEOUT_MS);
  }

  /** The client takes nothing of its answer. */
  #onClientDue(): void {
    this.#reset('cancel');
    this.abort(new AppError('client-left'));
  }

  #reset(code: 'cancel' | 'internal-error'): void {
    this.#options.wire.owner.markServed(this.#stream);
    resetStream(this.#stream, code);
  }

  #fail({ code, reached, cause }: UpstreamFailure): void {
    this.#options.wire.body?.abandon();
    this.#spans = [];
    const failure = { kind: 'failed', code, cause, bytes: this.#bytes } as const;
    if (this.#status === 0) return this.#settle({ ...failure, reached });
    // The client must not take a part for the whole.
    if (!this.#stream.closed) this.#reset('internal-error');
    this.#settle({ ...failure, reached: 'client', status: this.#status });
  }

  #settleAnswered(): void {
    if (!this.#isSettled) this.#options.wire.owner.markServed(this.#stream);
    this.#settle({ kind: 'answered', status: this.#status, bytes: this.#bytes });
  }

  get #bytes(): ByteCounts {
    return { up: this.#options.wire.body?.payloadBytes ?? 0, down: this.#bytesDown };
  }

  #settle(outcome: ForwardOutcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#options.wire.owner.wheel.remove(this.#deadline);
    this.#options.resolve(outcome);
  }
}
