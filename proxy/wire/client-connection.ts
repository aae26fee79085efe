/**
 * One client connection of HTTP/1.1: heads read off as bytes, exchanges one after the other as their answers must come,
 * bounded read-ahead, one deadline for whatever the client owes, and an end that takes no answer from it.
 */
import { AppError } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import { BodyPace } from './body-pace.ts';
import { lingerMs, readAheadMaxBytes } from './bounds.ts';
import { strictTransportField } from '../core/strict-transport.ts';
import { keepBytes } from './byte-socket.ts';
import type { ByteSocket, HeldDescriptor, SocketEars } from './byte-socket.ts';
import type { ClientWire, DoorOf } from './door.ts';
import { HandedSocket } from './handed-socket.ts';
import { isFaulty, wantsMore } from './head-scanner.ts';
import { clientLeft } from './leaving.ts';
import { codeOfFault, formatRefusal } from './refusal.ts';
import { RequestScanner } from './request-head.ts';
import type { ProxiedClient } from '../proxied/proxy-header.ts';
import { Deadline } from './timer-wheel.ts';
import type { Wire } from './wire.ts';

export type { ClientWire } from './door.ts';
export type Door = DoorOf<ClientConnection>;

const nothing = Buffer.alloc(0);

/** What the client owes. */
type Awaited = 'head' | 'request' | 'body' | 'drain' | 'close';

export class ClientConnection implements SocketEars {
  readonly #socket: ByteSocket;
  readonly #door: Door;
  readonly #client: ProxiedClient | undefined;
  readonly #scanner: RequestScanner;
  readonly #deadline = new Deadline(() => this.#onDue());
  #phase: 'head' | 'exchange' | 'ending' | 'over' = 'head';
  /** Bytes that were read and not used yet. */
  #held: Buffer = nothing;
  #wire: ClientWire | undefined;
  #awaits: Awaited = 'head';
  #pace: BodyPace | undefined;

  constructor(adopt: (ears: SocketEars) => ByteSocket, door: Door, client?: ProxiedClient) {
    this.#door = door;
    this.#client = client;
    this.#scanner = new RequestScanner({
      headMaxBytes: door.settings.CT_HEAD_MAX_BYTES,
      fieldsMax: door.settings.CT_HEAD_FIELDS_MAX,
    });
    this.#socket = adopt(this);
    this.#await('head', door.settings.CT_HEAD_TIMEOUT_MS);
  }

  get peer(): Wire['peer'] {
    const { address, identity } = this.#socket;
    const secure = this.#door.secure || this.#client?.isSecure === true;
    return { address: this.#client?.address ?? address, secure, identity };
  }

  /** Bytes wait for the client beyond what a socket should hold. */
  get isCongested(): boolean {
    return this.#socket.isCongested;
  }

  /** Memory that was written may be in use still. */
  get holdsBytes(): boolean {
    return this.#socket.holdsBytes;
  }

  /** False when the writer should wait for `onDrain`. Text is latin1. */
  write(bytes: string | Buffer): boolean {
    return !this.#socket.isWritable || this.#afterWrite(this.#socket.write(bytes));
  }

  /** Writes what belongs together in one go. */
  writeBoth(head: string, rest: Buffer): boolean {
    return !this.#socket.isWritable || this.#afterWrite(this.#socket.writeBoth(head, rest));
  }

  #afterWrite(isFree: boolean): boolean {
    if (isFree) return true;
    // Its deadline takes the place of the body's, which begins anew with the next one.
    this.#pace?.rest(this.#door.wheel.nowMs);
    this.#await('drain', this.#door.settings.CT_BODY_IDLE_TIMEOUT_MS);
    return false;
  }

  /** Ends the connection at once, in the middle of an answer: the client must not take it for a whole one. */
  breakOff(isEndOfBody: boolean): void {
    // Where the connection's end is the body's end, an orderly one would say that all is there.
    if (isEndOfBody) this.#socket.reset();
    else this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** No further exchange: an idle connection ends now, another one with its answer. */
  stop(): void {
    if (this.#phase === 'head' && !this.#scanner.hasBegun) this.#endGently();
  }

  /** Gives the socket of an upgrade away, with the bytes that came behind the head; its new owner resumes it. */
  handOver(): HandedSocket {
    this.#phase = 'over';
    this.#door.wheel.remove(this.#deadline);
    const handed = new HandedSocket(this.#socket, this.#held);
    this.#held = nothing;
    return handed;
  }

  /** The socket of an upgrade, quiet, with the bytes behind the head: it may be given to another process. */
  lend(): { readonly socket: ByteSocket; readonly early: Buffer } {
    this.#socket.pause();
    return { socket: this.#socket, early: this.#held };
  }

  /** Nobody took the socket that was lent. */
  takeBack(): void {
    this.#regulate();
  }

  /** Another process has the socket that was lent: the connection is over here. */
  letGo(): HeldDescriptor | undefined {
    this.#phase = 'over';
    this.#door.wheel.remove(this.#deadline);
    this.#held = nothing;
    return this.#socket.letGo();
  }

  onBytes(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.advance();
    this.#held = this.#held.length === 0 ? nothing : keepBytes(this.#held);
  }

  /** Uses what is held as far as it goes; the wire asks for it when it wants its body, or more of it. */
  advance(): void {
    while (this.#held.length > 0 && this.#phase !== 'over')
      if (!(this.#phase === 'head' ? this.#readHead() : this.#readBody())) break;
    this.#regulate();
  }

  /** False while answers wait for a client that does not read: another one would only wait behind them. */
  #readHead(): boolean {
    if (this.#socket.isCongested) return false;
    const isFirstByte = !this.#scanner.hasBegun;
    const at = this.#scanner.read(this.#held, 0);
    if (at === isFaulty) this.#refuse(codeOfFault[this.#scanner.fault]);
    else if (at === wantsMore && isFirstByte) this.#await('head', this.#door.settings.CT_HEAD_TIMEOUT_MS);
    if (at === isFaulty || at === wantsMore) {
      this.#held = nothing;
      return false;
    }
    this.#held = this.#held.subarray(at);
    this.#phase = 'exchange';
    this.#door.wheel.clear(this.#deadline);
    const wire = this.#door.openWire(this, this.#scanner);
    this.#wire = wire;
    void this.#door.conduct(wire).then(() => this.#onConducted(wire));
    return true;
  }

  /** False when nobody takes the bytes now. */
  #readBody(): boolean {
    const body = this.#wire?.body;
    if (this.#phase === 'ending' && (body === undefined || !body.isWanted)) {
      this.#held = nothing;
      return false;
    }
    if (body === undefined || !body.isWanted || body.isBlocked) return false;
    const at = body.feed(this.#held);
    this.#held = at === isFaulty ? nothing : this.#held.subarray(at);
    return at !== isFaulty;
  }

  /** Reads or not, and waits for what the client owes. */
  #regulate(): void {
    if (this.#phase === 'over') return;
    const body = this.#wire?.body;
    const isFull = this.#phase !== 'ending' && (body?.isBlocked || this.#held.length > readAheadMaxBytes);
    if (isFull && !this.#socket.isPaused) this.#socket.pause();
    if (!isFull && this.#socket.isPaused) this.#socket.resume();
    if (this.#phase !== 'exchange' || this.#awaits === 'drain') return;
    if (body?.isWanted && !body.isBlocked) this.#awaitBody(body.payloadBytes);
    else if (this.#awaits === 'body') this.#rest();
  }

  #awaitBody(bytes: number): void {
    const { wheel, settings } = this.#door;
    const { CT_BODY_MIN_BYTES_PER_SECOND: rate, CT_BODY_IDLE_TIMEOUT_MS: graceMs } = settings;
    this.#pace ??= new BodyPace(rate, graceMs);
    const leftMs = this.#pace.owe(wheel.nowMs, bytes);
    if (leftMs !== undefined) this.#await('body', leftMs);
  }

  #rest(): void {
    this.#awaits = 'head';
    this.#pace?.rest(this.#door.wheel.nowMs);
    this.#door.wheel.clear(this.#deadline);
  }

  /** The exchange is over. */
  #onConducted(wire: ClientWire): void {
    // Its socket was given away, which others look after from now on.
    if (this.#phase === 'over') return this.#door.forget(this);
    if (this.#socket.isDestroyed) return;
    this.#wire = undefined;
    this.#pace = undefined;
    if (!wire.persists || this.#door.isStopping) return this.#endAfter(wire);
    this.#phase = 'head';
    this.#scanner.reset();
    if (this.#awaits !== 'drain') this.#await('request', this.#door.settings.CT_IDLE_TIMEOUT_MS);
    if (this.#held.length === 0) return this.#regulate();
    // One request in a turn, and few of all clients: what they send ahead keeps no other waiting.
    this.#door.ahead.add(() => this.advance());
  }

  /** An end while the client still sends would reset the connection, and take the answer from the client. */
  #endAfter(wire: ClientWire): void {
    const { body } = wire;
    if (body === undefined || body.isDone || body.isBroken) return this.#endGently();
    this.#wire = wire;
    this.#phase = 'ending';
    this.#await('close', lingerMs);
    const finish = (): void => this.#endGently();
    const read = (): void => (body.isDone ? finish() : undefined);
    body.abandon();
    body.begin({ onBodySpan: () => undefined, onBodyRead: read, onBodyFault: finish }, true);
    this.advance();
  }

  /** Says no more, and gives the client time to read what was said (RFC 9112 section 9.6). */
  #endGently(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'ending';
    this.#wire = undefined;
    this.#held = nothing;
    // What waits for a slow client is not lost: the time to linger begins when all of it is out.
    this.#await('close', this.#door.settings.CT_BODY_IDLE_TIMEOUT_MS);
    this.#socket.end(() => this.#linger());
    this.#socket.resume();
  }

  #linger(): void {
    if (this.#phase !== 'over') this.#await('close', lingerMs);
  }

  /** What cannot be read as a request: nothing after this point is one. */
  #refuse(code: ErrorCode): void {
    this.#door.noteRefusal(code, this.peer.address);
    this.write(formatRefusal(code, strictTransportField(this.#door.settings.CT_HSTS, this.peer.secure)));
    this.#endGently();
  }

  onDrain(): void {
    const isAwaited = this.#awaits === 'drain';
    if (isAwaited) this.#rest();
    if (isAwaited && this.#phase === 'head') this.#await('request', this.#door.settings.CT_IDLE_TIMEOUT_MS);
    this.#wire?.onDrain();
    this.advance();
  }

  onEnd(): void {
    // Whoever ends its side in the middle of an exchange has left; half-open clients are not served, as with node:http.
    if (this.#phase === 'exchange') this.#socket.destroy();
    else this.#socket.end();
  }

  onClose(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#held = nothing;
    this.#door.wheel.remove(this.#deadline);
    this.#socket.destroy();
    this.#door.forget(this);
    this.#wire?.leave(clientLeft);
  }

  #onDue(): void {
    switch (this.#awaits) {
      case 'head':
        return this.#scanner.hasBegun ? this.#refuse('request-timeout') : this.#endGently();
      case 'request':
        return this.#endGently();
      case 'body':
        return this.#wire?.leave(new AppError(this.#pace?.code ?? 'request-timeout'));
      case 'drain':
        return this.#socket.destroy();
      case 'close':
        return this.#socket.hasEnded ? this.#socket.destroy() : this.#endGently();
    }
  }

  #await(what: Awaited, ms: number): void {
    this.#awaits = what;
    this.#door.wheel.set(this.#deadline, ms);
  }
}
