/**
 * A socket between two owners: what comes meanwhile is kept for the next one, in order. It is paused, so that is little: what
 * was read already, an end, a fault.
 */
import { keepBytes } from './byte-socket.ts';
import type { ByteSocket, SocketEars } from './byte-socket.ts';

export class HandedSocket implements SocketEars {
  readonly socket: ByteSocket;
  /** What was read and belongs to the next owner. */
  early: Buffer;
  hasEnded = false;
  isClosed: boolean;
  error: Error | undefined;

  constructor(socket: ByteSocket, early: Buffer) {
    this.socket = socket;
    this.early = early.length === 0 ? early : keepBytes(early);
    // It may have closed before, which is told once.
    this.isClosed = socket.isDestroyed;
    socket.pause();
    socket.hearWith(this);
  }

  onBytes(bytes: Buffer): void {
    this.early = this.early.length === 0 ? keepBytes(bytes) : Buffer.concat([this.early, bytes]);
  }

  onEnd(): void {
    this.hasEnded = true;
  }

  onDrain(): void {
    // The next owner asks the socket.
  }

  onClose(error: Error | undefined): void {
    this.isClosed = true;
    this.error = error;
  }
}
