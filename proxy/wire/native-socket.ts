/**
 * A plain connection that the native add-on carries, as the wire knows connections. What is written is sent or copied
 * before the call returns, and what is read stands in memory that all of them share.
 */
import { getSystemErrorName } from 'node:util';
import type { NativeSockets } from '#native/binding.ts';
import { plainAddress } from '../core/client-address.ts';
import type {
  ByteSocket,
  ConnectingEars,
  GiveOutcome,
  HeldDescriptor,
  Relay,
  RelayEars,
  SocketEars,
} from './byte-socket.ts';
import type { DeferringSocket, SocketCarrier } from './socket-carrier.ts';

/** Bytes that may wait in a socket before its writer is told to wait; as Node's sockets have it. */
const congestedAboveBytes = 65_536;

/** What the add-on answers where a descriptor finds no room on a line. */
const lineIsFull = -2;

const nobody: SocketEars = {
  onBytes: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
};

/** Text of one socket that may wait for the end of a batch. */
const deferredMaxLength = 16_384;

interface Joined {
  readonly other: NativeSocket;
  readonly ears: RelayEars;
  readonly side: 'first' | 'second';
}

export class NativeSocket implements ByteSocket, DeferringSocket {
  readonly #carrier: SocketCarrier;
  readonly #native: NativeSockets;
  /** Of the add-on; -1 before there is one, and when it is over. */
  #id: number;
  #ears: SocketEars;
  #address: string | undefined;
  #onFlushed: (() => void) | undefined;
  #relay: Joined | undefined;
  /**
   * Text that is sent at the end of the batch: sends that follow each other wake the peer once for many of them, and what
   * belongs together goes in one.
   */
  #deferred = '';
  #hasQueued = false;
  #hasPeerEnded = false;
  hasEnded = false;
  isPaused = false;
  isDestroyed = false;
  isCongested = false;
  /** Never: what cannot be sent is copied. */
  readonly holdsBytes = false;

  constructor(carrier: SocketCarrier, id: number, ears: SocketEars) {
    this.#carrier = carrier;
    this.#native = carrier.native;
    this.#id = id;
    this.#ears = ears;
  }

  get id(): number {
    return this.#id;
  }

  /** A connection that had to wait for its address begins. */
  set id(id: number) {
    this.#id = id;
  }

  get address(): string {
    this.#address ??= this.#id === -1 ? '' : plainAddress(this.#native.peerAddress(this.#id));
    return this.#address;
  }

  get isWritable(): boolean {
    return !this.hasEnded && !this.isDestroyed;
  }

  get isQuiet(): boolean {
    return this.isWritable && this.#deferred === '' && !this.#hasQueued && !this.#hasPeerEnded;
  }

  hearWith(ears: SocketEars): void {
    this.#ears = ears;
  }

  write(bytes: string | Buffer): boolean {
    if (this.isDestroyed) return true;
    if (typeof bytes !== 'string') return this.writeBoth('', bytes);
    if (this.#defers(bytes)) return !this.isCongested;
    return this.#afterWrite(this.#native.writeLatin1(this.#id, this.#takeDeferred() + bytes));
  }

  writeBoth(head: string, rest: Buffer): boolean {
    if (this.isDestroyed) return true;
    const text = this.#takeDeferred() + head;
    return this.#afterWrite(
      text === ''
        ? this.#native.write(this.#id, rest, 0, rest.length)
        : this.#native.writeBoth(this.#id, text, rest, 0, rest.length),
    );
  }

  #defers(text: string): boolean {
    if (this.#deferred.length + text.length > deferredMaxLength) return false;
    if (this.#deferred === '' && !this.#carrier.defer(this)) return false;
    this.#deferred += text;
    return true;
  }

  #takeDeferred(): string {
    const text = this.#deferred;
    this.#deferred = '';
    return text;
  }

  sendDeferred(): void {
    if (this.#deferred === '') return;
    const text = this.#takeDeferred();
    if (!this.isDestroyed) this.#afterWrite(this.#native.writeLatin1(this.#id, text));
  }

  #afterWrite(queued: number): boolean {
    if (queued <= 0) return true;
    this.#hasQueued = true;
    this.isCongested = queued > congestedAboveBytes;
    return !this.isCongested;
  }

  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    if (this.#id !== -1) this.#native.pause(this.#id);
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (this.#id !== -1) this.#native.resume(this.#id);
  }

  end(onFlushed?: () => void): void {
    if (this.hasEnded || this.isDestroyed) return;
    this.sendDeferred();
    this.hasEnded = true;
    this.#onFlushed = onFlushed;
    this.#native.shutdownWrite(this.#id);
    if (!this.#hasQueued) queueMicrotask(() => this.#onEndFlushed());
  }

  destroy(): void {
    if (this.isDestroyed) return;
    if (this.#relay !== undefined) return this.#closeRelay(this.#relay.other);
    this.sendDeferred();
    if (this.#id !== -1) this.#native.close(this.#id);
    this.#finish();
  }

  reset(): void {
    if (this.isDestroyed) return;
    this.sendDeferred();
    if (this.#id !== -1) this.#native.reset(this.#id);
    this.#finish();
  }

  #closeRelay(other: NativeSocket): void {
    this.#native.closeRelay(this.#id);
    this.#finish();
    other.#finish();
  }

  releaseReads(): void {
    // Nobody may use what was read beyond the call, so there is nothing to release.
  }

  relayWith(other: ByteSocket, ears: RelayEars): Relay | undefined {
    if (!(other instanceof NativeSocket)) return undefined;
    this.sendDeferred();
    other.sendDeferred();
    if (!this.#native.relay(this.#id, other.#id)) return undefined;
    const id = this.#id;
    this.#relay = { other, ears, side: 'first' };
    other.#relay = { other: this, ears, side: 'second' };
    // Nobody else hears of the two any more, nor is kept in memory by them.
    this.#ears = nobody;
    other.#ears = nobody;
    return {
      readBytes: (out) => this.#native.relayedBytes(id, out),
      close: () => this.destroy(),
    };
  }

  giveTo(line: ByteSocket, message: Buffer): GiveOutcome {
    if (!(line instanceof NativeSocket) || this.#id === -1 || line.#id === -1) return 'unfit';
    this.sendDeferred();
    line.sendDeferred();
    const queued = this.#native.sendHandle(line.#id, this.#id, message, 0, message.length);
    if (queued === lineIsFull) {
      line.#hasQueued = true;
      line.isCongested = true;
      return 'full';
    }
    if (queued >= 0) line.#afterWrite(queued);
    return queued < 0 ? 'unfit' : 'given';
  }

  letGo(): HeldDescriptor | undefined {
    this.sendDeferred();
    const native = this.#native;
    const fd = this.#id === -1 ? -1 : native.detach(this.#id);
    if (fd === -1) return undefined;
    this.#ears = nobody;
    this.#finish();
    return { close: () => native.closeHandle(fd, false), cut: () => native.closeHandle(fd, true) };
  }

  onRelayEnded(errno: number, side: number): void {
    const { ears, other } = this.#relay!;
    // The counts are still there: the ids are free only after the batch.
    ears.onEnd(side === 1 ? 'first' : 'second', errno === 0 ? undefined : failureOf(errno));
    this.#finish();
    other.#finish();
  }

  onConnected(): void {
    (this.#ears as ConnectingEars).onReady();
  }

  onData(bytes: Buffer): void {
    if (this.#relay === undefined) return this.#ears.onBytes(bytes);
    // It was read in the batch in which the two were joined.
    this.#relay.ears.onPassedOn(this.#relay.side, bytes.length);
    this.#relay.other.write(bytes);
  }

  onPeerEnd(): void {
    // The add-on passes the end on.
    if (this.#relay !== undefined) return;
    this.#hasPeerEnded = true;
    this.#ears.onEnd();
    this.#closeWhenOver();
  }

  onDrained(): void {
    this.#hasQueued = false;
    if (this.hasEnded) return this.#onEndFlushed();
    if (!this.isCongested) return;
    this.isCongested = false;
    this.#ears.onDrain();
  }

  /** The add-on has closed it: a fault, or a connection that could not be made. */
  onClosed(errno: number): void {
    this.#finish(failureOf(errno));
  }

  /** There is no such host, or the process stops. */
  fail(error: Error): void {
    if (!this.isDestroyed) this.#finish(error);
  }

  #onEndFlushed(): void {
    const tell = this.#onFlushed;
    this.#onFlushed = undefined;
    if (this.isDestroyed) return;
    tell?.();
    this.#closeWhenOver();
  }

  /** Both sides have said everything. */
  #closeWhenOver(): void {
    if (this.#hasPeerEnded && this.hasEnded && !this.#hasQueued) this.destroy();
  }

  #finish(error?: Error): void {
    if (this.isDestroyed) return;
    // The owner may still want to know who it was.
    this.#address ??= '';
    this.isDestroyed = true;
    this.isCongested = false;
    if (this.#id !== -1) this.#carrier.forget(this.#id);
    this.#id = -1;
    queueMicrotask(() => this.#ears.onClose(error));
  }
}

function failureOf(errno: number): Error {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`the connection failed: ${code}`), { code });
}
