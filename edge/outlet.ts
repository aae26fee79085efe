/**
 * The way out to one WebSocket, for whole frames: with those of all others at the end of the turn, past the stream. The stream
 * has them where that is no way: without the add-on, over TLS, where they are large, and while it holds anything back.
 * Frames keep their order, whichever way they go.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { EndOfTurn } from './end-of-turn.ts';
import { frameTextAndBinary, lengthOfTextAndBinary, putTextAndBinary } from './frame.ts';
import type { TextAndBinary } from './frame.ts';
import { TurnBytes } from './turn-bytes.ts';
import type { Receiver } from './turn-bytes.ts';

/** Larger ones are not copied: a call of their own is the least of their cost. */
const directMaxBytes = 32_768;
const noDescriptor = -1;

/** Of all connections of the process. */
const turn = TurnBytes.open();
/** Streams that hold back what they are given, to write it in one go. */
const corked = new EndOfTurn<Outlet>((outlet) => outlet.uncork());
const outlets = new WeakMap<Duplex, Outlet>();

export class Outlet implements Receiver {
  readonly descriptor: number;
  readonly #socket: Duplex;
  #isCorked = false;
  /** In this turn; undefined where it has nothing there. */
  #place: number | undefined;
  #sentBytes = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.descriptor = descriptorOf(socket);
    outlets.set(socket, this);
  }

  /** Bytes that the system does not have yet. */
  get waitingBytes(): number {
    const inTurn = turn === undefined || this.#place === undefined ? 0 : turn.waitingOf(this.#place);
    return inTurn + this.#socket.writableLength;
  }

  /** Bytes that went past the stream, which does not count them. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  get isDirect(): boolean {
    return this.descriptor !== noDescriptor && this.#socket.writable && this.#socket.writableLength === 0;
  }

  /** The same buffer may go to any number of members, and must not change. */
  write(frames: Buffer): void {
    if (turn === undefined || !this.#isDirectFor(frames.byteLength)) return this.#writeToStream(frames);
    const start = turn.share(frames);
    this.#place = turn.add(this, this.#place, [start, start + frames.byteLength]);
  }

  writeTextAndBinary(message: TextAndBinary): void {
    const length = lengthOfTextAndBinary(message);
    if (turn === undefined || !this.#isDirectFor(length)) {
      return this.#writeToStream(frameTextAndBinary(message));
    }
    const start = turn.claim(length);
    putTextAndBinary(turn.bytes, start, message);
    this.#place = turn.add(this, this.#place, [start, start + length]);
  }

  /** Before anybody else writes to the stream: what was said until now comes first. */
  settle(): void {
    if (turn === undefined || this.#place === undefined) return;
    const bytes = turn.take(this.#place);
    if (bytes.length > 0) this.onLeft(bytes);
  }

  /** The stream holds back until the end of the turn what it is given from now on. */
  cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    corked.add(this);
  }

  uncork(): void {
    this.#isCorked = false;
    this.#socket.uncork();
  }

  onSent(bytes: number): void {
    this.#place = undefined;
    this.#sentBytes += bytes;
  }

  onLeft(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  #isDirectFor(length: number): boolean {
    return length <= directMaxBytes && this.isDirect;
  }

  #writeToStream(frames: Buffer): void {
    this.settle();
    this.cork();
    this.#socket.write(frames);
  }
}

/** All that was written to the socket, also past its stream. */
export function bytesWrittenTo(socket: Socket): number {
  return socket.bytesWritten + (outlets.get(socket)?.sentBytes ?? 0);
}

/** Node has no other way to it. Without one the stream writes. */
function descriptorOf(socket: Duplex): number {
  if (!(socket instanceof Socket) || socket instanceof TLSSocket) return noDescriptor;
  const { _handle: handle } = socket as unknown as { readonly _handle: { readonly fd?: number } | null };
  return handle?.fd ?? noDescriptor;
}
