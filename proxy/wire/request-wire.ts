/**
 * The wire of plain requests. Bodies go on as bytes both ways under back-pressure; a client that leaves aborts the upstream
 * request at once, an edge that breaks off breaks the client's answer off.
 */
import type { AppError } from '#shared/errors.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { announcesBody, requestFraming } from '../core/body-framing.ts';
import { headerTokens } from '../core/header-list.ts';
import type { RequestHead } from '../core/request-gate.ts';
import { sendPieces } from './answer-body.ts';
import type { PiecewiseBody } from './answer-body.ts';
import { connectionLine, formatAnswer } from './answer-head.ts';
import { BodyCollector } from './body-collector.ts';
import type { ClientConnection, ClientWire } from './client-connection.ts';
import { Leaving } from './leaving.ts';
import { RequestBody } from './request-body.ts';
import type { RequestScanner } from './request-head.ts';
import { Transfer } from './transfer.ts';
import type { TransferOwner } from './transfer.ts';
import type { Upstreams } from './upstreams.ts';
import type { ForwardOutcome, ForwardPlan, Wire } from './wire.ts';

interface RequestWireOptions {
  readonly upstreams: Upstreams;
  /** While it stops, no further request of a connection is served. */
  readonly door: { readonly isStopping: boolean; readonly settings: Pick<Settings, 'CT_BODY_MAX_BYTES'> };
}

export class RequestWire extends Leaving implements ClientWire, TransferOwner {
  readonly kind = 'http';
  readonly head: RequestHead;
  readonly peer: Wire['peer'];
  readonly hasBody: boolean;
  readonly body: RequestBody | undefined;
  readonly #connection: ClientConnection;
  readonly #scanner: RequestScanner;
  readonly #upstreams: Upstreams;
  readonly #door: RequestWireOptions['door'];
  #persists: boolean;
  #expectsContinue = false;
  #hasAnswered = false;
  #onAnswer: () => void = () => undefined;
  #transfer: Transfer | undefined;
  #collector: BodyCollector | undefined;
  #onFree: (() => void) | undefined;

  constructor(connection: ClientConnection, scanner: RequestScanner, options: RequestWireOptions) {
    super();
    this.#connection = connection;
    this.#scanner = scanner;
    this.#upstreams = options.upstreams;
    this.#door = options.door;
    const { method, target, httpVersion } = scanner;
    const headers = scanner.headers();
    this.head = { method, target, httpVersion, headers, isUpgrade: false };
    this.peer = connection.peer;
    const framing = requestFraming(headers, httpVersion);
    this.hasBody = announcesBody(framing);
    const maxBytes = options.door.settings.CT_BODY_MAX_BYTES || Infinity;
    this.body = this.hasBody ? new RequestBody(framing, maxBytes) : undefined;
    const persistence = headerTokens(headers, 'connection');
    this.#persists =
      httpVersion === '1.1' ? !persistence.includes('close') : persistence.includes('keep-alive');
    if (this.hasBody && httpVersion === '1.1')
      this.#expectsContinue = headerTokens(headers, 'expect').includes('100-continue');
  }

  get persists(): boolean {
    return this.#persists;
  }

  leave(reason: AppError): void {
    this.noteLeft(reason);
    this.#persists = false;
    this.body?.abandon();
    this.#transfer?.abort(reason);
    this.#collector?.fail(reason);
    this.#onFree?.();
  }

  onDrain(): void {
    this.#onFree?.();
    this.#transfer?.onClientDrain();
  }

  answer(status: number, headers: Readonly<Record<string, string>>, body: string | Buffer): void {
    if (this.#hasAnswered) return;
    this.#hasAnswered = true;
    // An unread body would be taken for the next request, or keep the client waiting: the connection ends.
    if (headers['connection'] === 'close' || this.#isLast) this.#persists = false;
    const line = connectionLine(this.head.httpVersion, this.#persists);
    const head = formatAnswer(status, headers, line, body);
    if (this.head.method === 'HEAD') this.#connection.write(head);
    else if (typeof body === 'string') this.#connection.write(Buffer.from(head + body, 'utf8'));
    else this.#connection.writeBoth(head, body);
  }

  async answerPiecewise(
    status: number,
    headers: Readonly<Record<string, string>>,
    body: PiecewiseBody,
  ): Promise<ForwardOutcome> {
    const isOpenEnded = body.bytes === undefined;
    const { httpVersion, method } = this.head;
    // An HTTP/1.0 client knows no chunks: the end of its connection is the end of the body.
    const endsWithConnection = isOpenEnded && httpVersion === '1.0';
    const connection = this.#connection;
    const line = this.beginAnswer(endsWithConnection);
    connection.write(formatAnswer(status, headers, line, endsWithConnection ? undefined : body));
    if (method === 'HEAD') return { kind: 'answered', status, bytes: { up: 0, down: 0 } };
    const isChunked = isOpenEnded && !endsWithConnection;
    const { bytes: down, failure } = await sendPieces(body, {
      write: (piece) => connection.write(isChunked ? chunkOf(piece) : asBuffer(piece)),
      drained: async () => await this.#drained(),
      left: () => this.left,
    });
    const bytes = { up: 0, down };
    if (failure === undefined) {
      if (isChunked) connection.write('0\r\n\r\n');
      return { kind: 'answered', status, bytes };
    }
    connection.breakOff(endsWithConnection);
    const { code } = failure;
    return { kind: 'failed', code, cause: failure, reached: 'client', status, bytes };
  }

  async #drained(): Promise<void> {
    if (!this.#connection.isCongested || this.left !== undefined) return;
    await new Promise<void>((resolve) => {
      this.#onFree = resolve;
    });
    this.#onFree = undefined;
  }

  async readBody(maxBytes: number): Promise<string> {
    if (this.body === undefined) return '';
    if (this.left !== undefined) throw this.left;
    this.#collector = new BodyCollector(this.body, maxBytes);
    this.#askForBody(this.#collector, false);
    return await this.#collector.text;
  }

  forward(plan: ForwardPlan, onAnswer: () => void): Promise<ForwardOutcome> {
    this.#onAnswer = onAnswer;
    return new Promise<ForwardOutcome>((resolve) => {
      const transfer = new Transfer({
        connection: this.#connection,
        scanner: this.#scanner,
        pool: this.#upstreams.pool(plan.address),
        plan,
        wire: this,
        resolve,
      });
      this.#transfer = transfer;
      if (this.left !== undefined) return transfer.abort(this.left);
      transfer.start();
    });
  }

  askForBody(): void {
    this.#askForBody(this.#transfer!, true);
  }

  /** Whether the connection stays is decided now, for the head of the answer says it. */
  beginAnswer(endsWithConnection: boolean): string {
    this.#hasAnswered = true;
    if (endsWithConnection || this.#isLast) this.#persists = false;
    this.#onAnswer();
    return connectionLine(this.head.httpVersion, this.#persists);
  }

  /** Nothing can follow a body that was not read, nor while the process stops. */
  get #isLast(): boolean {
    return this.#door.isStopping || !(this.body?.isDone ?? true);
  }

  #askForBody(sink: Transfer | BodyCollector, keepsFraming: boolean): void {
    if (this.#expectsContinue && !this.body!.hasBegun)
      this.#connection.write('HTTP/1.1 100 Continue\r\n\r\n');
    this.body!.begin(sink, keepsFraming);
    this.#connection.advance();
  }
}

/** Pieces are given away: nothing is copied. */
function asBuffer(piece: Uint8Array): Buffer {
  return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}

function chunkOf(piece: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
}
