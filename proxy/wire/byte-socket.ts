/**
 * What the wire asks of a connection, whoever carries its bytes: `net-socket.ts` by Node's own sockets, plain or TLS,
 * `native-socket.ts` by the native add-on. One owner at a time hears of it.
 */
import type { ClientIdentity } from '../tls/client-identity.ts';

/** The owner of a socket. */
export interface SocketEars {
  /** The memory is good for this call alone: what is kept beyond it goes through `keepBytes`. */
  onBytes(bytes: Buffer): void;
  /** The peer has said its last word. */
  onEnd(): void;
  /** What was written has gone out, as far as the kernel takes it. */
  onDrain(): void;
  /** Once, and nothing after it. */
  onClose(error: Error | undefined): void;
}

/** Of a connection that we open. */
export interface ConnectingEars extends SocketEars {
  /** Bytes may be sent, with TLS after the handshake. */
  onReady(): void;
}

export interface ByteSocket {
  /** Of the peer, as text; empty where it has none. */
  readonly address: string;
  /** Who the peer is by its certificate, where one was asked for. */
  readonly identity?: ClientIdentity | undefined;
  /** More may be written. */
  readonly isWritable: boolean;
  /** We have said our last word. */
  readonly hasEnded: boolean;
  readonly isPaused: boolean;
  readonly isDestroyed: boolean;
  /** Bytes wait for the peer beyond what a socket should hold. */
  readonly isCongested: boolean;
  /** Memory that was written may be in use still. */
  readonly holdsBytes: boolean;
  /** Nothing waits either way, and more may be written. */
  readonly isQuiet: boolean;
  /** Makes somebody the owner. */
  hearWith(ears: SocketEars): void;
  /** False when the writer should wait for `onDrain`. Text is latin1. */
  write(bytes: string | Buffer): boolean;
  /** Writes what belongs together in one go. */
  writeBoth(head: string, rest: Buffer): boolean;
  pause(): void;
  resume(): void;
  /** Says the last word, behind what waits; then calls. */
  end(onFlushed?: () => void): void;
  destroy(): void;
  /** Ends so that the peer sees a reset, never an orderly end. */
  reset(): void;
  /** Bytes of the last read are in use: the next one goes to other memory. */
  releaseReads(): void;
  /** Has the transport move the bytes between the two from now on; undefined where it cannot. */
  relayWith(other: ByteSocket, ears: RelayEars): Relay | undefined;
  /** Sends the connection itself over a line to another process. It should be paused, and stays open here as well. */
  giveTo(line: ByteSocket, message: Buffer): GiveOutcome;
  /** The other process has it: nothing is heard of it here any more. Undefined where it is over already. */
  letGo(): HeldDescriptor | undefined;
}

/** `full`: again when the line has drained. `unfit`: never this socket, or not over this line. */
export type GiveOutcome = 'given' | 'full' | 'unfit';

/** What is left here of a connection that another process has: the means to end it. */
export interface HeldDescriptor {
  /** Ends our part alone. */
  close(): void;
  /** Ends the connection for both processes. */
  cut(): void;
}

/** Two sockets whose bytes the transport moves by itself. */
export interface Relay {
  /** Bytes so far, from the first socket to the second and back; then who has said the last word: 1, 2, or 3 for both. */
  readBytes(out: Float64Array): void;
  /** Ends both at once; nothing is heard after it. */
  close(): void;
}

export interface RelayEars {
  /** Bytes that went the long way, read before the two were joined. */
  onPassedOn(by: 'first' | 'second', bytes: number): void;
  /** Both directions are over, by their ends or by a fault of one side. */
  onEnd(by: 'first' | 'second', error: Error | undefined): void;
}

let transientMemory: ArrayBufferLike | undefined;

/** Names the memory that all sockets of a transport read into, over and over. */
export function markTransient(memory: ArrayBufferLike): void {
  transientMemory = memory;
}

/** The same bytes in memory that stays as it is. */
export function keepBytes(bytes: Buffer): Buffer {
  return bytes.buffer === transientMemory ? Buffer.from(bytes) : bytes;
}
