/** A member's Socket.IO socket: sends, knows how much waits, and ends in the way that its client should take it. */
import type { Socket } from 'socket.io';
import type { ConnectionId } from '../core/session-state.ts';
import { bufferedBytes, closeTransport, cutTransport } from './transport.ts';

export class MemberSocket {
  readonly id: ConnectionId;
  readonly #socket: Socket;
  /** Handed to Engine.IO, which has not given it to the transport. */
  #heldBytes = 0;

  constructor(socket: Socket) {
    this.id = socket.id as ConnectionId;
    this.#socket = socket;
    socket.conn.on('flush', () => {
      this.#heldBytes = 0;
    });
  }

  get waitingBytes(): number {
    return this.#heldBytes + bufferedBytes(this.#socket.conn);
  }

  send(bytes: Buffer): void {
    // Counted first: the connection flushes within `send` when it can.
    this.#heldBytes += bytes.byteLength;
    this.#socket.send(bytes);
  }

  /** Tells the client to stay away, after everything sent before has gone out. */
  expel(): void {
    this.#socket.disconnect(true);
  }

  /** Closes the connection; the client tries again. */
  close(closeCode: number): void {
    closeTransport(this.#socket.conn, closeCode);
  }

  /** Ends the connection with all that waits in it; the client tries again. */
  cut(): void {
    cutTransport(this.#socket.conn);
  }
}
