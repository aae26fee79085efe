/** A stream of HTTP/2 that carries a WebSocket, as tunnels know connections (RFC 8441 section 5). */
import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import type { ByteSocket, SocketEars } from '../wire/byte-socket.ts';
import { DuplexSocket } from '../wire/duplex-socket.ts';
import type { StallWatch } from './stall-watch.ts';
import { resetStream } from './stream-end.ts';

const { NGHTTP2_NO_ERROR } = constants;

export class StreamSocket extends DuplexSocket implements ByteSocket {
  readonly address = '';
  readonly holdsBytes = true;
  readonly #stream: ServerHttp2Stream;
  readonly #stall: Pick<StallWatch, 'onCongested'>;
  #ears: SocketEars | undefined;
  #hasPeerEnded = false;

  constructor(stream: ServerHttp2Stream, stall: Pick<StallWatch, 'onCongested'>) {
    super(stream);
    this.#stream = stream;
    this.#stall = stall;
    stream.pause();
    stream.on('data', (bytes: Buffer) => this.#ears?.onBytes(bytes));
    stream.on('end', () => this.#onEnd());
    stream.on('drain', () => this.#ears?.onDrain());
    stream.on('close', () => this.#ears?.onClose(this.#fault()));
  }

  hearWith(ears: SocketEars): void {
    this.#ears = ears;
  }

  override write(bytes: string | Buffer): boolean {
    const isFree = super.write(bytes);
    if (!isFree) this.#stall.onCongested();
    return isFree;
  }

  writeBoth(head: string, rest: Buffer): boolean {
    this.write(head);
    return this.write(rest);
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
