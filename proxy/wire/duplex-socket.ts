/** What every stream of Node can as a connection of the wires: sockets, plain or TLS, and streams of HTTP/2 alike. */
import type { Duplex } from 'node:stream';
import { keepBytes } from './byte-socket.ts';

export abstract class DuplexSocket {
  readonly #duplex: Duplex;

  constructor(duplex: Duplex) {
    this.#duplex = duplex;
  }

  get isWritable(): boolean {
    return this.#duplex.writable;
  }

  get hasEnded(): boolean {
    return this.#duplex.writableEnded;
  }

  get isPaused(): boolean {
    return this.#duplex.isPaused();
  }

  get isDestroyed(): boolean {
    return this.#duplex.destroyed;
  }

  get isCongested(): boolean {
    return this.#duplex.writableNeedDrain;
  }

  get isQuiet(): boolean {
    const { writable, writableLength, readableLength } = this.#duplex;
    return writable && writableLength === 0 && readableLength === 0;
  }

  write(bytes: string | Buffer): boolean {
    return typeof bytes === 'string'
      ? this.#duplex.write(bytes, 'latin1')
      : this.#duplex.write(keepBytes(bytes));
  }

  pause(): void {
    this.#duplex.pause();
  }

  resume(): void {
    this.#duplex.resume();
  }

  end(onFlushed?: () => void): void {
    this.#duplex.end(onFlushed);
  }

  abstract destroy(): void;

  relayWith(): undefined {
    return undefined;
  }

  giveTo(): 'unfit' {
    return 'unfit';
  }

  letGo(): undefined {
    this.destroy();
  }
}
