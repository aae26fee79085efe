/**
 * The body of a stream's request: not read before somebody asks for it, held back when told, as long as its head said, and
 * with a deadline for what its client owes.
 */
import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import type { ErrorCode } from '#shared/errors.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { HeaderList } from '../core/header-list.ts';
import { isSoundField } from './stream-head.ts';
import { BodyPace } from '../wire/body-pace.ts';
import { Deadline } from '../wire/timer-wheel.ts';
import type { TimerWheel } from '../wire/timer-wheel.ts';

export interface StreamBodySink {
  /** False when no more is wanted before `resume`. */
  onBodyBytes(bytes: Buffer): boolean;
  onBodyEnd(trailers: HeaderList): void;
  /** More or less than the head said (RFC 9113 section 8.1.1), or larger than bodies may be. */
  onBodyFault(code: 'framing-ambiguous' | 'body-too-large'): void;
}

interface StreamBodyOptions {
  readonly wheel: TimerWheel;
  readonly settings: Settings;
  /** As the head has it; undefined where it says nothing. */
  readonly length: number | undefined;
  /** The client owes bytes, and sends none or too few. */
  readonly onDue: (code: ErrorCode) => void;
}

const { NGHTTP2_NO_ERROR } = constants;

export class StreamBody {
  payloadBytes = 0;
  isDone = false;
  readonly #stream: ServerHttp2Stream;
  readonly #options: StreamBodyOptions;
  readonly #deadline: Deadline;
  readonly #pace: BodyPace;
  #sink: StreamBodySink | undefined;
  #hasBegun = false;
  #trailers: HeaderList = [];

  constructor(stream: ServerHttp2Stream, options: StreamBodyOptions) {
    this.#stream = stream;
    this.#options = options;
    const { CT_BODY_MIN_BYTES_PER_SECOND: rate, CT_BODY_IDLE_TIMEOUT_MS: graceMs } = options.settings;
    this.#pace = new BodyPace(rate, graceMs);
    this.#deadline = new Deadline(() => options.onDue(this.#pace.code));
    stream.on('trailers', (_trailers, _flags, raw) => (this.#trailers = raw));
    // A body of no bytes ends before anybody asks for it.
    stream.on('end', () => this.#onEnd());
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Without one it goes in chunks. */
  get isChunked(): boolean {
    return this.#options.length === undefined;
  }

  /** Asks for the body. A second sink takes on what the first one left. */
  begin(sink: StreamBodySink): void {
    this.#sink = sink;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#stream.on('data', (bytes: Buffer) => this.#onBytes(bytes));
    }
    if (this.isDone) this.#tellEnd();
    else this.resume();
  }

  resume(): void {
    if (this.isDone || this.#sink === undefined) return;
    this.#stream.resume();
    this.#await();
  }

  /** Nobody wants the rest. */
  abandon(): void {
    this.#sink = undefined;
    this.#options.wheel.remove(this.#deadline);
  }

  #onBytes(bytes: Buffer): void {
    if (this.#sink === undefined) return;
    this.payloadBytes += bytes.length;
    const { length, settings, wheel } = this.#options;
    if (this.payloadBytes > (length ?? Infinity)) return this.#sink.onBodyFault('framing-ambiguous');
    // Of a length that is told the gate has judged already.
    if (this.payloadBytes > (settings.CT_BODY_MAX_BYTES || Infinity))
      return this.#sink.onBodyFault('body-too-large');
    if (this.#sink.onBodyBytes(bytes)) return this.#await();
    this.#stream.pause();
    this.#pace.rest(wheel.nowMs);
    wheel.clear(this.#deadline);
  }

  #onEnd(): void {
    // A stream that is reset ends, too, but is not whole.
    if (this.#stream.rstCode !== NGHTTP2_NO_ERROR || this.#stream.aborted) return;
    this.isDone = true;
    this.#options.wheel.remove(this.#deadline);
    if (this.#sink !== undefined) this.#tellEnd();
  }

  #tellEnd(): void {
    const { length } = this.#options;
    if (length !== undefined && this.payloadBytes !== length)
      return this.#sink?.onBodyFault('framing-ambiguous');
    if (!areSound(this.#trailers)) return this.#sink?.onBodyFault('framing-ambiguous');
    this.#sink?.onBodyEnd(this.#trailers);
  }

  #await(): void {
    const leftMs = this.#pace.owe(this.#options.wheel.nowMs, this.payloadBytes);
    if (leftMs !== undefined) this.#options.wheel.set(this.#deadline, leftMs);
  }
}

function areSound(trailers: HeaderList): boolean {
  for (let i = 0; i < trailers.length; i += 2) {
    if (!isSoundField(trailers[i]!, trailers[i + 1]!)) return false;
  }
  return true;
}
