/**
 * Carries plain connections by the native add-on: one read and one call into JavaScript per turn of the event loop for
 * all connections that have something, in place of one stream each. TLS stays with Node's sockets.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { eventKinds } from '#native/binding.ts';
import type { NativeSockets } from '#native/binding.ts';
import type { UpstreamTrust } from '../upstream-trust.ts';
import { markTransient } from './byte-socket.ts';
import type { ByteSocket, ConnectingEars, SocketEars } from './byte-socket.ts';
import { NativeSocket } from './native-socket.ts';
import { connectNetSocket } from './net-socket.ts';
import type { Origin } from './origin.ts';
import type { DeferringSocket, SocketCarrier } from './socket-carrier.ts';
import type { Acceptor, Listening, Transport } from './transport.ts';

/** What all connections together may bring in one turn; large answers come in many. */
const readsBytes = 1_048_576;
const eventsMax = 1_024;
const fieldsPerEvent = 4;
const backlog = 4_096;
/** Without descriptors for a new connection the listener rests for this long: others may close. */
const starvedPauseMs = 100;
/** Sockets whose sends are gathered. */
const deferringMax = 32;

export class NativeTransport implements Transport, SocketCarrier {
  readonly canGive = true;
  readonly native: NativeSockets;
  readonly #reads = Buffer.allocUnsafeSlow(readsBytes);
  readonly #events = new Int32Array(eventsMax * fieldsPerEvent);
  readonly #sockets: (NativeSocket | undefined)[] = [];
  readonly #acceptors = new Map<number, Acceptor>();
  /** Listeners that accept nothing for now. */
  readonly #held = new Set<number>();
  /** Sockets that have something to send at the end of the batch. */
  readonly #deferring: DeferringSocket[] = [];
  #isInBatch = false;
  readonly #trust: UpstreamTrust;
  readonly #onStarved: () => void;

  /** `onStarved` is called when a connection could not be taken in for want of descriptors or memory. */
  constructor(native: NativeSockets, trust: UpstreamTrust, onStarved: () => void) {
    this.native = native;
    this.#trust = trust;
    this.#onStarved = onStarved;
    markTransient(this.#reads.buffer);
    native.open(this.#reads, this.#events, (count) => this.#onBatch(count));
  }

  async listen(host: string, port: number, accept: Acceptor): Promise<Listening> {
    const address = isIP(host) === 0 ? (await lookup(host)).address : host;
    return this.#acceptAt(this.#takePort(address, port), accept);
  }

  async listenOn(descriptor: number, accept: Acceptor): Promise<Listening> {
    return await Promise.resolve(this.#acceptAt(this.native.listenOn(descriptor), accept));
  }

  connect(origin: Origin, ears: ConnectingEars, isIdler: boolean): ByteSocket {
    if (origin.secure) return connectNetSocket(origin, ears, isIdler, this.#trust);
    const { host, port, path } = origin;
    if (path !== undefined) return this.#adopt(this.native.connectPath(path), ears);
    if (isIP(host) !== 0) return this.#adopt(this.native.connect(host, port), ears);
    const socket = new NativeSocket(this, -1, ears);
    void this.#connectByName(socket, host, port);
    return socket;
  }

  collectMemory(): void {
    this.native.collectMemory();
  }

  releaseMemory(): void {
    this.native.releaseMemory();
  }

  close(): void {
    this.native.shutDown();
  }

  #acceptAt(id: number, accept: Acceptor): Listening {
    this.#acceptors.set(id, accept);
    const stop = (): void => this.#stopListening(id);
    return { port: this.native.localPort(id), stop, hold: (isHeld) => this.#hold(id, isHeld) };
  }

  async #connectByName(socket: NativeSocket, host: string, port: number): Promise<void> {
    try {
      const { address } = await lookup(host);
      if (socket.isDestroyed) return;
      socket.id = this.native.connect(address, port);
      this.#sockets[socket.id] = socket;
      if (socket.isPaused) this.native.pause(socket.id);
    } catch (error) {
      socket.fail(error as Error);
    }
  }

  #adopt(id: number, ears: SocketEars): NativeSocket {
    const socket = new NativeSocket(this, id, ears);
    this.#sockets[id] = socket;
    return socket;
  }

  forget(id: number): void {
    this.#sockets[id] = undefined;
  }

  defer(socket: DeferringSocket): boolean {
    if (!this.#isInBatch) return false;
    // Who comes first in a large batch does not wait for all of it.
    if (this.#deferring.length >= deferringMax) this.#sendDeferred();
    this.#deferring.push(socket);
    return true;
  }

  #sendDeferred(): void {
    for (const socket of this.#deferring) socket.sendDeferred();
    this.#deferring.length = 0;
  }

  #onBatch(count: number): void {
    this.#isInBatch = true;
    try {
      this.#tellAll(count);
    } finally {
      this.#isInBatch = false;
      this.#sendDeferred();
    }
  }

  #tellAll(count: number): void {
    const events = this.#events;
    for (let at = 0; at < count * fieldsPerEvent; at += fieldsPerEvent) {
      const kind = events[at]!;
      const id = events[at + 1]!;
      if (kind === eventKinds.accepted) this.#accept(id, events[at + 2]!);
      else if (kind === eventKinds.acceptFailed) this.#rest(id);
      else this.#tell(kind, this.#sockets[id], at);
    }
  }

  /** Events of a socket that was closed within the batch find nobody. */
  #tell(kind: number, socket: NativeSocket | undefined, at: number): void {
    if (socket === undefined) return;
    const first = this.#events[at + 2]!;
    const second = this.#events[at + 3]!;
    switch (kind) {
      case eventKinds.data:
        return socket.onData(this.#reads.subarray(first, first + second));
      case eventKinds.connected:
        return socket.onConnected();
      case eventKinds.drained:
        return socket.onDrained();
      case eventKinds.ended:
        return socket.onPeerEnd();
      case eventKinds.closed:
        return socket.onClosed(first);
      case eventKinds.relayEnded:
        return socket.onRelayEnded(first, second);
    }
  }

  /** Throws with the facts that Node's own errors have. */
  #takePort(address: string, port: number): number {
    try {
      return this.native.listen(address, port, backlog);
    } catch (error) {
      throw Object.assign(error as Error, { address, port });
    }
  }

  #accept(listener: number, id: number): void {
    const accept = this.#acceptors.get(listener);
    if (accept === undefined) return this.native.close(id);
    accept((ears) => this.#adopt(id, ears));
  }

  #rest(listener: number): void {
    this.#onStarved();
    setTimeout(() => {
      if (this.#acceptors.has(listener) && !this.#held.has(listener)) this.native.resumeAccepting(listener);
    }, starvedPauseMs).unref();
  }

  #hold(listener: number, isHeld: boolean): void {
    if (!this.#acceptors.has(listener)) return;
    if (isHeld) this.#held.add(listener);
    else this.#held.delete(listener);
    if (isHeld) this.native.pauseAccepting(listener);
    else this.native.resumeAccepting(listener);
  }

  #stopListening(id: number): void {
    this.#held.delete(id);
    if (this.#acceptors.delete(id)) this.native.stopListening(id);
  }
}
