/**
 * The wire of one request over HTTP/2. Its edge is asked over HTTP/1.1, on the same connections as for clients of HTTP/1.1; a
 * reset of the stream reaches the edge at once, and an edge that breaks off resets the stream.
 */
import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { AppError } from '#shared/errors.ts';
import { requestFraming } from '../core/body-framing.ts';
import { headerTokens } from '../core/header-list.ts';
import type { RequestHead } from '../core/request-gate.ts';
import { sendPieces } from '../wire/answer-body.ts';
import type { PiecewiseBody } from '../wire/answer-body.ts';
import { BodyCollector } from '../wire/body-collector.ts';
import { Leaving, clientLeft } from '../wire/leaving.ts';
import type { ForwardOutcome, ForwardPlan, Wire } from '../wire/wire.ts';
import { StreamBody } from './stream-body.ts';
import type { StreamBodySink } from './stream-body.ts';
import { formatAnswerFields } from './answer-fields.ts';
import { closeBehind, endAnswer, resetStream, watchAnswer } from './stream-end.ts';
import type { StreamOwner } from './stream-owner.ts';
import { StreamTransfer } from './stream-transfer.ts';
import type { TransferOwner } from './stream-transfer.ts';

export class StreamWire extends Leaving implements Wire, TransferOwner {
  readonly kind = 'http';
  readonly head: RequestHead;
  readonly peer: Wire['peer'];
  readonly hasBody: boolean;
  readonly body: StreamBody | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #owner: StreamOwner;
  #expectsContinue = false;
  /** By ourselves. */
  #hasAnswered = false;
  #onAnswer: () => void = () => undefined;
  #transfer: StreamTransfer | undefined;
  #collector: BodyCollector | undefined;
  #onFree: (() => void) | undefined;

  constructor(stream: ServerHttp2Stream, head: RequestHead, owner: StreamOwner) {
    super();
    this.#stream = stream;
    this.#owner = owner;
    this.head = head;
    this.peer = owner.peer;
    this.hasBody = !stream.endAfterHeaders;
    stream.once('aborted', () => this.#onEnd());
    stream.once('close', () => this.#onEnd());
    if (!this.hasBody) return;
    const framing = requestFraming(head.headers, head.httpVersion);
    this.body = new StreamBody(stream, {
      wheel: owner.wheel,
      settings: owner.settings,
      length: framing.kind === 'length' ? framing.bytes : undefined,
      onDue: (code) => this.leave(new AppError(code)),
    });
    this.#expectsContinue = headerTokens(head.headers, 'expect').includes('100-continue');
  }

  /** Nothing more is said either way: all was said, or the client has left. */
  #onEnd(): void {
    if (this.#hasAnswered || this.#transfer?.settleWhole()) return;
    this.leave(clientLeft);
  }

  /** The client has left, or stopped sending in the middle of its body. */
  leave(reason: AppError): void {
    if (this.left !== undefined) return;
    this.noteLeft(reason);
    this.body?.abandon();
    this.#transfer?.abort(reason);
    this.#collector?.fail(reason);
    this.#onFree?.();
  }

  answer(status: number, headers: Readonly<Record<string, string>>, body: string | Buffer): void {
    this.#hasAnswered = true;
    this.#owner.markServed(this.#stream);
    this.body?.abandon();
    endAnswer(this.#stream, status, headers, body);
  }

  async answerPiecewise(
    status: number,
    headers: Readonly<Record<string, string>>,
    body: PiecewiseBody,
  ): Promise<ForwardOutcome> {
    const stream = this.#stream;
    this.body?.abandon();
    if (stream.destroyed || stream.closed) this.leave(clientLeft);
    const isHead = this.head.method === 'HEAD';
    if (this.left === undefined) {
      stream.respond(formatAnswerFields(status, headers, body), { endStream: isHead });
      watchAnswer(stream);
    }
    if (isHead) return await this.#endPieces(status, 0);
    const { bytes: down, failure } = await sendPieces(body, {
      write: (piece) => stream.write(piece),
      drained: async () => await this.#drained(),
      left: () => this.left,
    });
    if (failure === undefined) return await this.#endPieces(status, down);
    this.#owner.markServed(stream);
    resetStream(stream, 'internal-error');
    const { code } = failure;
    return { kind: 'failed', code, cause: failure, reached: 'client', status, bytes: { up: 0, down } };
  }

  /** Over when the client has the end: what still waited would go with the connection where the process ends. */
  async #endPieces(status: number, down: number): Promise<ForwardOutcome> {
    const stream = this.#stream;
    this.#hasAnswered = true;
    this.#owner.markServed(stream);
    if (!stream.writableEnded) stream.end();
    closeBehind(stream);
    if (!stream.closed && !stream.destroyed)
      await new Promise<void>((resolve) => {
        stream.once('close', () => resolve());
      });
    return { kind: 'answered', status, bytes: { up: 0, down } };
  }

  async #drained(): Promise<void> {
    if (!this.#stream.writableNeedDrain || this.left !== undefined) return;
    this.#owner.stall.onCongested();
    await new Promise<void>((resolve) => {
      this.#onFree = resolve;
      this.#stream.once('drain', resolve);
    });
    this.#onFree = undefined;
  }

  async readBody(maxBytes: number): Promise<string> {
    if (this.body === undefined) return '';
    if (this.left !== undefined) throw this.left;
    const collector = new BodyCollector(this.body, maxBytes);
    this.#collector = collector;
    this.askForBody({
      onBodyBytes: (bytes) => {
        collector.onBodySpan(bytes);
        collector.onBodyRead();
        return true;
      },
      onBodyEnd: () => collector.onBodyRead(),
      onBodyFault: (code) => collector.onBodyFault(code),
    });
    return await collector.text;
  }

  forward(plan: ForwardPlan, onAnswer: () => void): Promise<ForwardOutcome> {
    this.#onAnswer = onAnswer;
    return new Promise<ForwardOutcome>((resolve) => {
      const pool = this.#owner.upstreams.pool(plan.address);
      const transfer = new StreamTransfer({ stream: this.#stream, wire: this, pool, plan, resolve });
      this.#transfer = transfer;
      if (this.left !== undefined) return transfer.abort(this.left);
      transfer.start();
    });
  }

  get owner(): StreamOwner {
    return this.#owner;
  }

  beginAnswer(): void {
    this.#onAnswer();
  }

  askForBody(sink: StreamBodySink): void {
    const stream = this.#stream;
    if (this.#expectsContinue && !this.body!.hasBegun && !stream.destroyed && !stream.headersSent)
      stream.additionalHeaders({ [constants.HTTP2_HEADER_STATUS]: constants.HTTP_STATUS_CONTINUE });
    this.body!.begin(sink);
  }
}
