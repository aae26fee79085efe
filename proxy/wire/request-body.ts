/** The body of one request, as its connection feeds it: not read before somebody asks for it, and held back when told. */
import type { Framing } from '../core/body-framing.ts';
import { ChunkedReader, LengthReader } from './body-reader.ts';
import type { BodyReader } from './body-reader.ts';
import { isFaulty } from './head-scanner.ts';

export interface BodySink {
  onBodySpan(span: Buffer): void;
  /** All of one read was handed over. */
  onBodyRead(): void;
  /** Where it ends is in doubt, or it is larger than bodies may be. */
  onBodyFault(code: 'framing-ambiguous' | 'body-too-large'): void;
}

export class RequestBody {
  readonly #framing: Framing;
  readonly #maxBytes: number;
  #reader: BodyReader | undefined;
  #sink: BodySink | undefined;
  readonly #emit = (span: Buffer): void => this.#sink?.onBodySpan(span);
  #isBroken = false;
  /** True while the sink takes no more. */
  isBlocked = false;

  /** Of a length that is told the gate has judged already. */
  constructor(framing: Framing, maxBytes = Infinity) {
    this.#framing = framing;
    this.#maxBytes = maxBytes;
  }

  get isDone(): boolean {
    return !this.#isBroken && (this.#reader?.isDone ?? false);
  }

  /** The framing broke, or says nothing: where the body ends is unknown. */
  get isBroken(): boolean {
    return this.#isBroken || this.#framing.kind === 'ambiguous';
  }

  get isChunked(): boolean {
    return this.#framing.kind === 'chunked';
  }

  get isWanted(): boolean {
    return this.#sink !== undefined && !this.isDone && !this.isBroken;
  }

  get hasBegun(): boolean {
    return this.#reader !== undefined;
  }

  get payloadBytes(): number {
    return this.#reader?.payloadBytes ?? 0;
  }

  /** Asks for the body. A second sink takes on what the first one left. */
  begin(sink: BodySink, keepsFraming: boolean): void {
    this.#sink = sink;
    this.#reader ??= this.#makeReader(keepsFraming);
  }

  /** Nobody wants the rest. */
  abandon(): void {
    this.#sink = undefined;
    this.isBlocked = false;
  }

  /** Reads on; returns the offset at which it stopped, or `isFaulty`. */
  feed(bytes: Buffer): number {
    const at = this.#reader!.read(bytes, 0, this.#emit);
    if (at === isFaulty) return this.#break();
    this.#sink?.onBodyRead();
    return at;
  }

  /** Nothing behind this point is read. */
  #break(): number {
    this.#isBroken = true;
    const isTooLarge = this.#reader instanceof ChunkedReader && this.#reader.isTooLarge;
    this.#sink?.onBodyFault(isTooLarge ? 'body-too-large' : 'framing-ambiguous');
    return isFaulty;
  }

  #makeReader(keepsFraming: boolean): BodyReader {
    return this.#framing.kind === 'length'
      ? new LengthReader(this.#framing.bytes)
      : new ChunkedReader(keepsFraming, this.#maxBytes);
  }
}
