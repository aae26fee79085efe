/** A member's Socket.IO socket: sends, knows how much waits, and ends in the way that its client should take it. */
import type { Socket } from 'socket.io';
import type { ConnectionId, StreamId } from '../core/session-state.ts';
import { byteLengthOf } from '../frame.ts';
import type { Parts } from '../frame.ts';
import { RateMeter } from '../core/rate-meter.ts';
import { heartbeatOf } from './heartbeat.ts';
import { streamOf } from './resume.ts';
import { bufferedBytes, closeTransport, cutTransport, isStopping, stopTransport } from './transport.ts';
import { writeMessage } from './turn-writes.ts';

/** A member that reads so slowly has so long to come to the stop: about as long as it may take for a pong. */
const stopGraceMs = 10_000;

/**
 * So much may be unconfirmed before a ping asks for a confirmation, sooner than the clock does. What is confirmed while it is
 * young costs the garbage collector little: with 512 messages a fan-out to 50 is slower by a tenth.
 */
const unaskedMaxBytes = 1_048_576;
const unaskedMaxMessages = 64;

const clientMaxLength = 64;

export class MemberSocket {
  readonly id: ConnectionId;
  readonly stream: StreamId;
  readonly openedMs: number;
  readonly received: RateMeter;
  readonly #socket: Socket;
  /** Handed to Engine.IO, which has not given it to the transport. */
  #heldBytes = 0;
  #lastSequence = 0;
  #isStopped = false;
  /** Of what waits, so much is what the client missed, which comes all at once and is no sign of slowness. */
  #missedBytes = Infinity;
  /** Sent since the last ping. */
  #unasked = { bytes: 0, messages: 0 };

  constructor(socket: Socket, nowMs: number, onConfirmed: (sequence: number) => void) {
    this.openedMs = nowMs;
    this.received = new RateMeter(nowMs);
    this.id = socket.id as ConnectionId;
    this.stream = streamOf(socket);
    this.#socket = socket;
    socket.conn.on('flush', () => {
      this.#heldBytes = 0;
    });
    const unfollow = heartbeatOf(socket.conn).follow(() => {
      const sequence = this.#lastSequence;
      this.#unasked = { bytes: 0, messages: 0 };
      return () => {
        if (!isStopping(socket.conn)) onConfirmed(sequence);
      };
    });
    socket.once('disconnect', unfollow);
  }

  /** What the client says that it is. */
  get client(): string {
    const name = this.#socket.handshake.headers['x-oct-client'];
    return typeof name === 'string' && name !== '' ? name.slice(0, clientMaxLength) : 'unknown';
  }

  get conn(): Socket['conn'] {
    return this.#socket.conn;
  }

  /** Nothing is sent to it any more, though it is still heard. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** All that the client missed has been handed to the connection. */
  endReplay(): void {
    this.#missedBytes = this.#waitingBytes;
  }

  /** More waits than may, because the client does not read fast enough. */
  isBehind(waitingMaxBytes: number): boolean {
    if (this.#missedBytes === Infinity) return false;
    this.#missedBytes = Math.min(this.#missedBytes, this.#waitingBytes);
    return this.#waitingBytes - this.#missedBytes > waitingMaxBytes;
  }

  get #waitingBytes(): number {
    return this.#heldBytes + bufferedBytes(this.#socket.conn);
  }

  /** The offset is the last argument of the event, from where clients take it. Gives the length of the message. */
  send(message: Parts, offset: string, sequence: number): number {
    const bytes = byteLengthOf(message);
    this.#lastSequence = sequence;
    if (!writeMessage(this.#socket, message, offset)) {
      // Counted first: the connection flushes within `send` when it can.
      this.#heldBytes += bytes;
      this.#socket.send(message.length === 1 ? message[0] : Buffer.concat(message), offset);
    }
    this.#unasked.bytes += bytes;
    this.#unasked.messages++;
    if (this.#unasked.bytes > unaskedMaxBytes || this.#unasked.messages > unaskedMaxMessages)
      this.#askForConfirmation();
    return bytes;
  }

  /** Says something that is no part of the member's stream, and is not repeated. */
  tell(bytes: Buffer): void {
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

  /**
   * Ends the connection where its client has read all that waits in it, so that what the client sends until then is
   * heard; the client tries again. One that does not read is cut.
   */
  stop(): void {
    const { conn } = this.#socket;
    this.#isStopped = true;
    const timer = setTimeout(() => cutTransport(conn), stopGraceMs);
    conn.once('close', () => clearTimeout(timer));
    stopTransport(conn);
  }

  #askForConfirmation(): void {
    const heartbeat = heartbeatOf(this.#socket.conn);
    if (!heartbeat.isWaiting) heartbeat.ping();
  }
}
