/**
 * Tells whoever may not come in so, before a byte of it is read, and ends the connection so that the answer arrives. Bounded:
 * beyond that connections end without a word.
 */
import type { ErrorCode } from '#shared/errors.ts';
import { lingerMs } from '../wire/bounds.ts';
import type { ByteSocket, SocketEars } from '../wire/byte-socket.ts';
import { formatRefusal } from '../wire/refusal.ts';
import { Deadline } from '../wire/timer-wheel.ts';
import type { TimerWheel } from '../wire/timer-wheel.ts';
import { LateWords } from './late-words.ts';

/** Connections that are being told: a flood of them must not take the descriptors that clients need. */
const tellingMax = 256;
/** Where descriptors run out: a third of the smallest reserve of them. */
const tellingMaxWhenFull = 32;

export class Refusals {
  readonly #wheel: TimerWheel;
  readonly #isFull: () => boolean;
  readonly #words: LateWords;
  /** They wait to be told. */
  readonly #waiting = new Set<ByteSocket>();
  readonly #telling = new Set<ByteSocket>();

  constructor(wheel: TimerWheel, isFull: () => boolean) {
    this.#wheel = wheel;
    this.#isFull = isFull;
    this.#words = new LateWords(wheel);
  }

  /** Of a connection that speaks HTTP/1.1, or would. Late, where there are many. */
  tell(socket: ByteSocket, code: ErrorCode): void {
    if (this.#isFull()) return this.#tellNow(socket, code);
    let isTold = false;
    const takeBack = this.#words.say(() => {
      isTold = true;
      this.#waiting.delete(socket);
      this.#tellNow(socket, code);
    });
    if (isTold) return;
    if (takeBack === undefined) return socket.destroy();
    socket.pause();
    this.#waiting.add(socket);
    const onOver = (): void => {
      takeBack();
      this.#waiting.delete(socket);
      socket.destroy();
    };
    socket.hearWith(new Farewell(onOver));
  }

  /** Descriptors run out. */
  hurry(): void {
    this.#words.hurry();
  }

  #tellNow(socket: ByteSocket, code: ErrorCode): void {
    const max = this.#isFull() ? tellingMaxWhenFull : tellingMax;
    if (this.#telling.size >= max) return socket.destroy();
    this.#telling.add(socket);
    const onOver = (): void => {
      this.#wheel.remove(deadline);
      this.#telling.delete(socket);
      socket.destroy();
    };
    const deadline = new Deadline(onOver);
    this.#wheel.set(deadline, lingerMs);
    socket.hearWith(new Farewell(onOver));
    socket.write(formatRefusal(code));
    socket.end();
    socket.resume();
  }

  /** Ends all at once. */
  destroy(): void {
    for (const sockets of [this.#waiting, this.#telling]) {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    }
  }
}

/** Reads on and hears nothing: an end with bytes unread would take the answer from the client. */
class Farewell implements SocketEars {
  readonly onEnd: () => void;
  readonly onClose: () => void;

  constructor(onOver: () => void) {
    this.onEnd = onOver;
    this.onClose = onOver;
  }

  onBytes(): void {
    // Whatever it is.
  }

  onDrain(): void {
    // All was said at once.
  }
}
