/**
 * Where a body ends (RFC 9112 section 6): by length, by chunks or with the connection. Hands on spans of the bytes that
 * were read, never copies: a chunked body goes on as it came, without extensions and trailers, or as the payload alone.
 */
import { cr, isFaulty, lf, tokenBytes, valueBytes } from './head-scanner.ts';

export type SpanSink = (span: Buffer) => void;

export interface BodyReader {
  /** True when the whole body was read. */
  readonly isDone: boolean;
  /** Bytes of the body itself, without its framing. */
  readonly payloadBytes: number;
  /** Reads on; returns the offset at which it stopped, or `isFaulty`. Spans are in the order of the bytes. */
  read(bytes: Buffer, from: number, emit: SpanSink): number;
}

/** A body of a known length, 0 included. */
export class LengthReader implements BodyReader {
  payloadBytes = 0;
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  read(bytes: Buffer, from: number, emit: SpanSink): number {
    const end = Math.min(bytes.length, from + this.#left);
    if (end === from) return from;
    this.#left -= end - from;
    this.payloadBytes += end - from;
    emit(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end));
    return end;
  }
}

/** A body that lasts until its connection ends; `end` says that it did. */
export class UntilCloseReader implements BodyReader {
  payloadBytes = 0;
  isDone = false;

  read(bytes: Buffer, from: number, emit: SpanSink): number {
    if (from === bytes.length) return from;
    this.payloadBytes += bytes.length - from;
    emit(from === 0 ? bytes : bytes.subarray(from));
    return bytes.length;
  }

  end(): void {
    this.isDone = true;
  }
}

/** 2^48 - 1: more than any body, and exact in a double. */
const sizeDigitsMax = 12;
/** Extensions and trailers of one body; a flood of them costs its sender the connection. */
const overheadMaxBytes = 16_384;
const semicolon = 59;
const colon = 58;

const atSize = 0;
const inSize = 1;
const inExtension = 2;
const sizeCr = 3;
const sizeLf = 4;
const inData = 5;
const dataCr = 6;
const dataLf = 7;
const lineStart = 8;
const inTrailer = 9;
const trailerCr = 10;
const trailerLf = 11;
const lastLf = 12;
const finished = 13;
const trailerName = 14;

const hexValues = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  hexValues[digit.charCodeAt(0)] = value;
  hexValues[digit.toUpperCase().charCodeAt(0)] = value;
}

export class ChunkedReader implements BodyReader {
  payloadBytes = 0;
  /** The fault is a chunk beyond the bound: none of its bytes was handed on. */
  isTooLarge = false;
  /** Lines behind the body, latin1, where they are kept. */
  trailers = '';
  readonly #keepsFraming: boolean;
  readonly #maxBytes: number;
  readonly #keepsTrailers: boolean;
  #state = atSize;
  #size = 0;
  #digits = 0;
  #overhead = 0;
  /** Where the span under way begins; -1 while what is read is not handed on. */
  #spanStart = -1;

  /** With `keepsFraming` the spans together are a chunked body again. More than `maxBytes` is a fault. */
  constructor(keepsFraming: boolean, maxBytes = Infinity, keepsTrailers = false) {
    this.#keepsFraming = keepsFraming;
    this.#maxBytes = maxBytes;
    this.#keepsTrailers = keepsTrailers;
  }

  get isDone(): boolean {
    return this.#state === finished;
  }

  read(bytes: Buffer, from: number, emit: SpanSink): number {
    this.#spanStart = this.#isHandedOn ? from : -1;
    let at = from;
    while (at < bytes.length && this.#state !== finished) {
      const isTrailer = this.#isTrailer;
      const before = at;
      at = this.#step(bytes, at);
      if (at < 0) return isFaulty;
      if (isTrailer && this.#keepsTrailers) this.trailers += bytes.toString('latin1', before, at);
      const isHandedOn = this.#isHandedOn;
      if (isHandedOn === (this.#spanStart !== -1)) continue;
      if (isHandedOn) this.#spanStart = at;
      else this.#endSpan(bytes, at, emit);
    }
    this.#endSpan(bytes, at, emit);
    return at;
  }

  /** Whether the byte that comes next is handed on. */
  get #isHandedOn(): boolean {
    if (!this.#keepsFraming) return this.#state === inData;
    return this.#state !== inExtension && !this.#isTrailer;
  }

  get #isTrailer(): boolean {
    return this.#state === trailerName || (this.#state >= inTrailer && this.#state <= trailerLf);
  }

  #endSpan(bytes: Buffer, at: number, emit: SpanSink): void {
    if (this.#spanStart !== -1 && at > this.#spanStart) emit(bytes.subarray(this.#spanStart, at));
    this.#spanStart = -1;
  }

  /** Reads the part that begins at `from`, or what is there of it; returns where it stopped. */
  #step(bytes: Buffer, from: number): number {
    const byte = bytes[from]!;
    switch (this.#state) {
      case atSize:
      case inSize:
        return this.#readSize(byte, from);
      case inExtension:
        return this.#skip(bytes, from, sizeCr);
      case sizeCr:
        return byte === cr ? this.#enter(sizeLf, from + 1) : isFaulty;
      case sizeLf:
        return byte === lf ? this.#endSize(from) : isFaulty;
      case inData:
        return this.#readData(bytes, from);
      case dataCr:
        return byte === cr ? this.#enter(dataLf, from + 1) : isFaulty;
      case dataLf:
        return byte === lf ? this.#enter(atSize, from + 1) : isFaulty;
      case lineStart:
        if (byte === cr) return this.#enter(lastLf, from + 1);
        return tokenBytes[byte] === 1 ? this.#enter(trailerName, from) : isFaulty;
      case trailerName:
        return this.#skipName(bytes, from);
      case inTrailer:
        return this.#skip(bytes, from, trailerCr);
      case trailerCr:
        return byte === cr ? this.#enter(trailerLf, from + 1) : isFaulty;
      case trailerLf:
        return byte === lf ? this.#enter(lineStart, from + 1) : isFaulty;
      default:
        return byte === lf ? this.#enter(finished, from + 1) : isFaulty;
    }
  }

  #readSize(byte: number, at: number): number {
    const value = hexValues[byte]!;
    if (value >= 0) {
      if (++this.#digits > sizeDigitsMax) return isFaulty;
      this.#size = this.#size * 16 + value;
      return this.#enter(inSize, at + 1);
    }
    if (this.#state === atSize) return isFaulty;
    if (byte === semicolon) return this.#enter(inExtension, at);
    return byte === cr ? this.#enter(sizeLf, at + 1) : isFaulty;
  }

  #endSize(at: number): number {
    this.#digits = 0;
    this.isTooLarge = this.payloadBytes + this.#size > this.#maxBytes;
    if (this.isTooLarge) return isFaulty;
    return this.#enter(this.#size === 0 ? lineStart : inData, at + 1);
  }

  #readData(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + this.#size);
    this.#size -= end - from;
    this.payloadBytes += end - from;
    return this.#enter(this.#size === 0 ? dataCr : inData, end);
  }

  /** Reads over an extension or a trailer, up to the CR that ends it. */
  #skip(bytes: Buffer, from: number, next: number): number {
    let at = from;
    while (at < bytes.length && valueBytes[bytes[at]!] === 1) at++;
    this.#overhead += at - from;
    if (this.#overhead > overheadMaxBytes) return isFaulty;
    if (at === bytes.length) return at;
    return bytes[at] === cr ? this.#enter(next, at) : isFaulty;
  }

  /** A trailer is dropped, but must be one: a name, a colon (RFC 9112 section 5). */
  #skipName(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && tokenBytes[bytes[at]!] === 1) at++;
    this.#overhead += at - from;
    if (this.#overhead > overheadMaxBytes) return isFaulty;
    if (at === bytes.length) return at;
    return bytes[at] === colon ? this.#enter(inTrailer, at + 1) : isFaulty;
  }

  #enter(state: number, at: number): number {
    this.#state = state;
    return at;
  }
}
