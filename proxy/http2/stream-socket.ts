/** A stream of HTTP/2 that carries a WebSocket, as tunnels know connections (RFC 8441 section 5). */
import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { keepBytes } from '../wire/byte-socket.ts';
import type { ByteSocket, SocketEars } from '../wire/byte-socket.ts';
import type { StallWatch } from './stall-watch.ts';
import { resetStream } from './stream-end.ts';

const { NGHTTP2_NO_ERROR } = constants;

export class StreamSocket implements ByteSocket {
  readonly address = '';
  readonly holdsBytes = true;
  readonly #stream: ServerHttp2Stream;
  readonly #stall: Pick<StallWatch, 'onCongested'>;
  #ears: SocketEars | undefined;
  #hasPeerEnded = false;

  constructor(stream: ServerHttp2Stream, stall: Pick<StallWatch, 'onCongested'>) {
    this.#stream = stream;
    this.#stall = stall;
    stream.pause();
    stream.on('data', (bytes: Buffer) => this.#ears?.onBytes(bytes));
    stream.on('end', () => this.#onEnd());
    stream.on('drain', () => this.#ears?.onDrain());
    stream.on('close', () => this.#ears?.onClose(this.#fault()));
  }

  get isWritable(): boolean {
    return this.#stream.writable;
  }

  get hasEnded(): boolean {
    return this.#stream.writableEnded;
  }

  get isPaused(): boolean {
    return this.#stream.isPaused();
  }

  get isDestroyed(): boolean {
    return this.#stream.destroyed;
  }

  get isCongested(): boolean {
    return this.#stream.writableNeedDrain;
  }

  get isQuiet(): boolean {
    const stream = this.#stream;
    return stream.writableLength === 0 && stream.readableLength === 0 && stream.writable;
  }

  hearWith(ears: SocketEars): void {
    this.#ears = ears;
  }

  write(bytes: string | Buffer): boolean {
    const isFree =
      typeof bytes === 'string' ? this.#stream.write(bytes, 'latin1') : this.#stream.write(keepBytes(bytes));
    if (!isFree) this.#stall.onCongested();
    return isFree;
  }

  writeBoth(head: string, rest: Buffer): boolean {
    this.write(head);
    return this.write(rest);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  end(onFlushed?: () => void): void {
    this.#stream.end(onFlushed);
  }

  /** RFC 8441 section 5: what is no orderly end of TCP is a reset of the stream. */
  destroy(): void {
    if (!this.#stream.closed) resetStream(this.#stream, 'cancel');
  }

  reset(): void {
    this.destroy();
  }

  releaseReads(): void {
    // Each read has memory of its own.
  }

  relayWith(): undefined {
    return undefined;
  }

  giveTo(): 'unfit' {
    return 'unfit';
  }

  letGo(): undefined {
    this.destroy();
  }

  #onEnd(): void {
    // The readable side of a stream that was reset ends as well, which is no last word.
    if (this.#stream.rstCode !== NGHTTP2_NO_ERROR || this.#stream.aborted) return;
    this.#hasPeerEnded = true;
    this.#ears?.onEnd();
  }

  /** A reset behind both last words takes nothing from anybody. */
  #fault(): Error | undefined {
    const { rstCode, aborted } = this.#stream;
    const isWhole = this.#hasPeerEnded && this.hasEnded && !aborted;
    if (isWhole || (rstCode === NGHTTP2_NO_ERROR && !aborted)) return undefined;
    return new Error(`the stream was reset: ${rstCode}`);
  }
}
