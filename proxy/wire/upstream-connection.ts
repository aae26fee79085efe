/**
 * One connection to an edge: a request at a time, its answer read off as bytes. It may be used again only when it is clean:
 * the whole answer was read, the whole request written, nothing pending, nothing early, not paused.
 */
import { AppError } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import { formatProxyHeader } from '../proxied/format-proxy-header.ts';
import { answerFraming } from '../core/body-framing.ts';
import type { Framing } from '../core/body-framing.ts';
import { headerTokens } from '../core/header-list.ts';
import { ChunkedReader, LengthReader, UntilCloseReader } from './body-reader.ts';
import type { BodyReader } from './body-reader.ts';
import { answerFieldsMax } from './bounds.ts';
import type { ByteSocket, ConnectingEars } from './byte-socket.ts';
import { HandedSocket } from './handed-socket.ts';
import { isFaulty, wantsMore } from './head-scanner.ts';
import type { Origin } from './origin.ts';
import { ResponseScanner } from './response-head.ts';
import { Deadline } from './timer-wheel.ts';
import type { ConnectionOwner, EdgeConnection, UpstreamUser } from './upstream-user.ts';

/** Edges close idle connections after 5 s (Node's default); ours are older than none of them. */
const idleMaxMs = 4_000;
const interimAnswersMax = 32;
const nothing = Buffer.alloc(0);

export class UpstreamConnection implements EdgeConnection, ConnectingEars {
  readonly #socket: ByteSocket;
  readonly #origin: Origin;
  readonly #owner: ConnectionOwner;
  readonly #deadline = new Deadline(() => this.#onDue());
  readonly #scanner: ResponseScanner;
  readonly #emit = (span: Buffer): void => this.#user?.onSpan(span);
  #user: UpstreamUser | undefined;
  #phase: 'connecting' | 'head' | 'body' | 'free' | 'closed' = 'connecting';
  #reader: BodyReader | undefined;
  #mayStay = false;
  #isRequestSent = false;
  #isAwaitingDrain = false;
  #hasServed = false;
  #gotByte = false;
  #interimAnswers = 0;
  /** What came behind the head of an agreed upgrade. */
  #early: Buffer = nothing;

  constructor(origin: Origin, user: UpstreamUser, owner: ConnectionOwner) {
    this.#origin = origin;
    this.#owner = owner;
    this.#user = user;
    this.#scanner = new ResponseScanner({
      headMaxBytes: owner.settings.CT_HEAD_MAX_BYTES,
      fieldsMax: answerFieldsMax,
    });
    this.#socket = owner.transport.connect(origin, this, user.takesUpgrade);
    owner.wheel.set(this.#deadline, owner.settings.CT_CONNECT_TIMEOUT_MS);
  }

  use(user: UpstreamUser): void {
    this.#user = user;
    this.#begin(user);
  }

  write(bytes: string | Buffer): boolean {
    if (this.#socket.write(bytes)) return true;
    this.#isAwaitingDrain = true;
    this.#awaitMore();
    return false;
  }

  markRequestSent(): void {
    this.#isRequestSent = true;
    this.#awaitMore();
  }

  pause(): void {
    this.#socket.pause();
    if (!this.#isAwaitingDrain) this.#owner.wheel.clear(this.#deadline);
  }

  resume(): void {
    if (this.#phase === 'closed') return;
    this.#socket.resume();
    this.#awaitMore();
  }

  fail(cause: Error): void {
    const user = this.#user;
    const reached = this.#phase === 'connecting' ? 'nothing' : 'upstream';
    this.#user = undefined;
    this.#close();
    user?.onFailure({ code: 'upstream-broken', reached, cause, isStale: false });
  }

  destroy(): void {
    this.#user = undefined;
    this.#close();
  }

  /** Gives the socket of an agreed upgrade away, with the bytes that came behind the head. */
  handOver(): HandedSocket {
    this.#phase = 'closed';
    this.#user = undefined;
    this.#owner.wheel.remove(this.#deadline);
    this.#owner.onClosed(this);
    return new HandedSocket(this.#socket, this.#early);
  }

  onReady(): void {
    const user = this.#user;
    if (user === undefined) return this.#close();
    const { proxyVersion } = this.#origin;
    if (proxyVersion !== undefined) this.#socket.write(formatProxyHeader(proxyVersion, user.client));
    this.#begin(user);
  }

  #begin(user: UpstreamUser): void {
    this.#phase = 'head';
    this.#scanner.reset();
    this.#gotByte = false;
    this.#isRequestSent = false;
    this.#interimAnswers = 0;
    this.#owner.wheel.clear(this.#deadline);
    user.onReady(this);
  }

  onBytes(chunk: Buffer): void {
    // Nobody asked: an answer to nothing must never become the answer to the next request.
    if (this.#user === undefined || this.#phase === 'free') return this.#close();
    this.#gotByte = true;
    let at = 0;
    if (this.#phase === 'head') {
      at = this.#readHead(chunk);
      if (at < 0) return;
    }
    if (this.#phase === 'body') this.#readBody(chunk, at);
  }

  /** Reads heads until the one that is the answer; returns the offset behind it, negative where there is none yet. */
  #readHead(chunk: Buffer): number {
    let at = 0;
    for (;;) {
      at = this.#scanner.read(chunk, at);
      if (at === wantsMore) return at;
      const { status } = this.#scanner;
      if (at === isFaulty || status < 100 || status > 599) return this.#refuse(`head ${this.#scanner.fault}`);
      // Informational answers (RFC 9110 section 15.2) concern our connection to the edge.
      if (status >= 200 || status === 101) break;
      if (++this.#interimAnswers > interimAnswersMax) return this.#refuse('too many interim answers');
      if (status !== 100) this.#user!.onInterim?.(this.#scanner, this.#scanner.headers());
      if (this.#user === undefined) return isFaulty;
      this.#scanner.reset();
    }
    return this.#startBody(chunk, at) ? at : isFaulty;
  }

  #startBody(chunk: Buffer, at: number): boolean {
    const user = this.#user!;
    const headers = this.#scanner.headers();
    const { status, httpVersion } = this.#scanner;
    if (status === 101) {
      if (!user.takesUpgrade) return this.#refuse('an upgrade that nobody asked for') >= 0;
      // What came behind the head belongs to the upgraded connection.
      if (at < chunk.length) this.#early = chunk.subarray(at);
      user.onHead(this.#scanner, headers, { kind: 'until-close' });
      return false;
    }
    const framing = answerFraming(user.method, { status, httpVersion, headers });
    if (framing.kind === 'ambiguous') return this.#refuse(framing.reason) >= 0;
    this.#mayStay =
      httpVersion === '1.1' &&
      framing.kind !== 'until-close' &&
      !headerTokens(headers, 'connection').includes('close');
    const keepsFraming = user.onHead(this.#scanner, headers, framing);
    if (this.#user !== user) return false;
    this.#reader = makeReader(framing, keepsFraming, user.onTrailers !== undefined);
    this.#phase = 'body';
    return true;
  }

  #readBody(chunk: Buffer, from: number): void {
    const reader = this.#reader!;
    const user = this.#user!;
    const at = reader.read(chunk, from, this.#emit);
    if (this.#user !== user) return;
    if (at === isFaulty) return void this.#refuse('chunks malformed');
    user.onReadEnd(reader.payloadBytes);
    if (user.holdsBytes) this.#socket.releaseReads();
    if (this.#user !== user) return;
    if (!reader.isDone) return this.#awaitMore();
    this.#finish(at < chunk.length);
  }

  #finish(hasMore: boolean): void {
    const user = this.#user!;
    this.#user = undefined;
    this.#hasServed = true;
    // A header of the PROXY protocol is about one client.
    const isOfOne = this.#origin.proxyVersion !== undefined;
    const isClean = !isOfOne && !hasMore && this.#mayStay && this.#isRequestSent && this.#isQuiet();
    if (isClean) {
      this.#phase = 'free';
      this.#owner.wheel.set(this.#deadline, idleMaxMs);
      this.#owner.onFree(this);
    } else this.#close();
    if (this.#reader instanceof ChunkedReader && this.#reader.trailers !== '')
      user.onTrailers?.(this.#reader.trailers);
    user.onAnswerEnd();
  }

  /** Nothing is written that has not gone out, nothing was read that nobody has seen. */
  #isQuiet(): boolean {
    const socket = this.#socket;
    if (!socket.isQuiet) return false;
    if (socket.isPaused) socket.resume();
    return true;
  }

  onEnd(): void {
    if (this.#phase === 'body' && this.#reader instanceof UntilCloseReader) {
      this.#reader.end();
      return this.#finish(false);
    }
    this.#fail('upstream-broken', new Error('the edge closed the connection'));
  }

  onDrain(): void {
    this.#isAwaitingDrain = false;
    this.#awaitMore();
    this.#user?.onDrain();
  }

  onClose(error: Error | undefined): void {
    this.#fail('upstream-broken', error);
  }

  /** Sets the deadline for what has to come next. */
  #awaitMore(): void {
    if (this.#user === undefined) return;
    const { settings, wheel } = this.#owner;
    if (this.#isAwaitingDrain) wheel.set(this.#deadline, settings.CT_BODY_IDLE_TIMEOUT_MS);
    else if (!this.#isRequestSent) wheel.clear(this.#deadline);
    else if (this.#phase === 'head') wheel.set(this.#deadline, settings.CT_FIRST_BYTE_TIMEOUT_MS);
    else if (!this.#socket.isPaused) wheel.set(this.#deadline, settings.CT_BODY_IDLE_TIMEOUT_MS);
  }

  #onDue(): void {
    if (this.#phase === 'free') return this.#close();
    this.#fail('upstream-timeout', new AppError('upstream-timeout'));
  }

  #refuse(reason: string): typeof isFaulty {
    this.#fail('upstream-broken', new Error(`the answer breaks the rules: ${reason}`));
    return isFaulty;
  }

  #fail(code: ErrorCode, cause: unknown): void {
    const user = this.#user;
    const isConnecting = this.#phase === 'connecting';
    const isStale = code === 'upstream-broken' && this.#hasServed && !this.#gotByte;
    this.#user = undefined;
    this.#close();
    if (isConnecting && code === 'upstream-broken')
      return user?.onFailure({ code: connectFailure(cause), reached: 'nothing', cause, isStale });
    user?.onFailure({ code, reached: isConnecting ? 'nothing' : 'upstream', cause, isStale });
  }

  #close(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#owner.wheel.remove(this.#deadline);
    this.#socket.destroy();
    this.#owner.onClosed(this);
  }
}

/** Why there is no connection; nothing was sent on it. */
function connectFailure(cause: unknown): ErrorCode {
  return cause instanceof AppError ? cause.code : 'upstream-refused';
}

function makeReader(framing: Framing, keepsFraming: boolean, keepsTrailers: boolean): BodyReader {
  switch (framing.kind) {
    case 'chunked':
      return new ChunkedReader(keepsFraming, Infinity, keepsTrailers);
    case 'until-close':
      return new UntilCloseReader();
    case 'length':
      return new LengthReader(framing.bytes);
    case 'none':
    case 'ambiguous':
      return new LengthReader(0);
  }
}
