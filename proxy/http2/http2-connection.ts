/**
 * One client connection of HTTP/2, on node:http2: its streams become wires, and each wire an exchange. What it may cost is
 * bounded (`flood-bounds.ts`), and it ends with GOAWAY, after its streams.
 */
import { randomBytes } from 'node:crypto';
import { constants, performServerHandshake } from 'node:http2';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { errorBody, errorTable } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { fullSince, takeToken } from '../core/token-bucket.ts';
import { strictTransportField } from '../core/strict-transport.ts';
import { plainAddress } from '../core/client-address.ts';
import type { HeaderList } from '../core/header-list.ts';
import { identityOf } from '../tls/client-identity.ts';
import type { ProxiedClient } from '../proxied/proxy-header.ts';
import { lingerMs } from '../wire/bounds.ts';
import { Deadline } from '../wire/timer-wheel.ts';
import type { TimerWheel } from '../wire/timer-wheel.ts';
import type { TurnQueue } from '../wire/turn-queue.ts';
import type { Upstreams } from '../wire/upstreams.ts';
import type { Wire } from '../wire/wire.ts';
import { ConnectWire } from './connect-wire.ts';
import {
  isPenalized,
  newcomerUnansweredRate,
  pingRate,
  settingsRate,
  unansweredRate,
} from './flood-bounds.ts';
import type { Flood } from './flood-bounds.ts';
import { floodOf, sessionOptions } from './session-options.ts';
import { StallWatch } from './stall-watch.ts';
import { readStreamHead } from './stream-head.ts';
import { StreamWire } from './stream-wire.ts';
import { endAnswer, ignore } from './stream-end.ts';

export interface Http2Door {
  readonly settings: Settings;
  readonly wheel: TimerWheel;
  readonly ahead: TurnQueue;
  readonly metrics: Metrics;
  readonly upstreams: Upstreams;
  /** What was no request never became an exchange. */
  noteRefusal(code: ErrorCode, address: string): void;
  conduct(wire: Wire): Promise<void>;
  forget(connection: Http2Connection): void;
}

/** Whose connection it is, and who hears what its client is to blame for. */
export interface Http2Client {
  readonly client: ProxiedClient;
  /** It came while a rapid reset is under way, and may be of it. */
  readonly isSuspect: boolean;
  blame(flood: Flood): void;
  /** In place of a rapid reset: it has reached the bound of those who may be of one. */
  blameSuspect(): void;
  noteUnanswered(): void;
}

const { NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR, NGHTTP2_ENHANCE_YOUR_CALM } = constants;
const webSocketKeyBytes = 16;

export class Http2Connection {
  readonly settings: Settings;
  readonly wheel: TimerWheel;
  readonly upstreams: Upstreams;
  readonly peer: Wire['peer'];
  readonly stall: StallWatch;
  readonly #door: Http2Door;
  readonly #client: Http2Client | undefined;
  readonly #socket: TLSSocket;
  readonly #session: ServerHttp2Session;
  readonly #deadline = new Deadline(() => this.#onDue());
  readonly #streams = new Set<ServerHttp2Stream>();
  /** In the read of this moment. */
  readonly #arrived: (ConnectWire | StreamWire)[] = [];
  readonly #isSuspect: boolean;
  readonly #rates;
  /** Streams that have their answer, or that we ended. */
  readonly #served = new WeakSet<ServerHttp2Stream>();
  /** When each is forgotten, as token buckets count. */
  readonly #fullAtMs = { 'rapid-reset': fullSince, ping: fullSince, settings: fullSince };
  #awaits: 'preface' | 'request' | 'streams' | 'last-streams' | 'close' = 'preface';
  #isOver = false;

  constructor(socket: TLSSocket, door: Http2Door, client?: Http2Client) {
    const { settings, wheel } = door;
    this.#door = door;
    this.#client = client;
    this.#socket = socket;
    this.settings = settings;
    this.wheel = wheel;
    this.upstreams = door.upstreams;
    const address = client?.client.address ?? plainAddress(socket.remoteAddress);
    this.peer = { address, secure: true, identity: identityOf(socket) };
    this.stall = new StallWatch({
      wheel,
      streams: this.#streams,
      sentBytes: () => socket.bytesWritten,
      onStall: () => this.#endFor('window-stall'),
    });
    socket.on('error', ignore);
    // It can ask for nothing more, nor make room for what it was to get: it has left (see `test/system/downloads-cut.long.ts`).
    socket.once('end', () => this.destroy());
    this.#isSuspect = client?.isSuspect ?? false;
    const unanswered = this.#isSuspect ? newcomerUnansweredRate : unansweredRate;
    this.#rates = { 'rapid-reset': unanswered, ping: pingRate, settings: settingsRate };
    this.#session = performServerHandshake(socket, sessionOptions(settings, unanswered));
    this.#listen(this.#session);
    this.#await('preface', settings.CT_HEAD_TIMEOUT_MS);
    door.metrics.add('ct_proxy_http2_connections', 1);
  }

  /** Of answers that the client has not taken. */
  get waitingBytes(): number {
    return this.stall.waitingBytes;
  }

  /** Says at which stream it ends; those up to it go on, and others may be sent again elsewhere (RFC 9113 section 6.8). */
  stop(): void {
    if (this.#isEnding || this.#session.destroyed) return;
    if (this.#streams.size === 0) this.#await('close', lingerMs);
    else this.#await('last-streams', this.settings.CT_IDLE_TIMEOUT_MS);
    // Until its client has closed it, too, what that one sends is read: a reset would take GOAWAY away from it unread.
    if (!this.#session.closed) this.#session.close();
  }

  get #isEnding(): boolean {
    return this.#awaits === 'last-streams' || this.#awaits === 'close';
  }

  destroy(): void {
    this.#session.destroy();
    this.#socket.destroy();
  }

  /** The stream has its answer, or we have ended it: what its client does now is not held against it. */
  markServed(stream: ServerHttp2Stream): void {
    this.#served.add(stream);
  }

  #listen(session: ServerHttp2Session): void {
    session.on('stream', (stream, _headers, flags, raw) => this.#onStream(stream, flags, raw));
    session.on('remoteSettings', () => this.#onSettings());
    session.on('ping', () => this.#spend('ping'));
    // By then node:http2 has closed its side, too.
    session.on('goaway', () => this.stop());
    session.on('error', (error: NodeJS.ErrnoException) => this.#onError(error));
    session.on('close', () => this.#onClose());
  }

  #onStream(stream: ServerHttp2Stream, flags: number, raw: HeaderList): void {
    stream.on('error', ignore);
    // Reset in the same read as it was opened: nobody is asked for an answer.
    if (stream.destroyed || stream.closed) return this.#spend('rapid-reset');
    this.#streams.add(stream);
    stream.once('close', () => this.#onStreamClose(stream));
    if (this.#awaits === 'request') this.#awaitStreams();
    const read = readStreamHead(raw, (flags & NGHTTP2_FLAG_END_STREAM) !== 0, {
      headMaxBytes: this.settings.CT_HEAD_MAX_BYTES,
      fieldsMax: this.settings.CT_HEAD_FIELDS_MAX,
      webSocketKey: () => randomBytes(webSocketKeyBytes).toString('base64'),
    });
    if (read.kind === 'refused') return this.#refuse(stream, read.code);
    const { head } = read;
    const wire = head.isUpgrade ? new ConnectWire(stream, head, this) : new StreamWire(stream, head, this);
    if (this.#arrived.push(wire) === 1) this.#door.ahead.add(() => this.#conductNext());
  }

  /**
   * When the read is over that brought it: what is reset in the same one reaches no edge, where it would cost a connection. One, and
   * then one of each other connection's.
   */
  #conductNext(): void {
    const wire = this.#arrived.shift();
    if (this.#arrived.length > 0) this.#door.ahead.add(() => this.#conductNext());
    if (wire !== undefined && !wire.hasLeft) void this.#door.conduct(wire);
  }

  /** What is no request: answered without an exchange, as over HTTP/1.1. */
  #refuse(stream: ServerHttp2Stream, code: ErrorCode): void {
    this.#door.noteRefusal(code, this.peer.address);
    const hsts = strictTransportField(this.settings.CT_HSTS, this.peer.secure);
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', ...hsts };
    endAnswer(stream, errorTable[code].status, headers, errorBody(code));
  }

  #onStreamClose(stream: ServerHttp2Stream): void {
    this.#streams.delete(stream);
    const isUnanswered = stream.rstCode !== NGHTTP2_NO_ERROR || stream.aborted;
    if (isUnanswered && !this.#served.has(stream)) this.#spend('rapid-reset');
    if (this.#streams.size > 0) return;
    if (this.#awaits === 'streams') this.#await('request', this.settings.CT_IDLE_TIMEOUT_MS);
    if (this.#isEnding) this.#await('close', lingerMs);
  }

  #awaitStreams(): void {
    this.#awaits = 'streams';
    this.wheel.clear(this.#deadline);
  }

  #onSettings(): void {
    if (this.#awaits === 'preface') this.#await('request', this.settings.CT_IDLE_TIMEOUT_MS);
    this.#spend('settings');
  }

  #spend(flood: 'rapid-reset' | 'ping' | 'settings'): void {
    const fullAtMs = takeToken(this.#fullAtMs[flood], performance.now(), this.#rates[flood]);
    if (flood === 'rapid-reset') this.#client?.noteUnanswered();
    if (fullAtMs === undefined) this.#endFor(flood);
    else this.#fullAtMs[flood] = fullAtMs;
  }

  /** Ends the connection for what its client did. */
  #endFor(flood: Flood): void {
    if (this.#session.destroyed) return;
    this.#blame(flood);
    this.#session.goaway(NGHTTP2_ENHANCE_YOUR_CALM);
    this.#session.destroy(new Error(flood), NGHTTP2_ENHANCE_YOUR_CALM);
    this.#await('close', lingerMs);
  }

  #onError(error: NodeJS.ErrnoException): void {
    const flood = floodOf(error);
    if (flood === undefined || this.#awaits === 'close') return;
    this.#blame(flood);
    this.#await('close', lingerMs);
  }

  #blame(flood: Flood): void {
    this.#door.metrics.count('ct_proxy_http2_floods_total', { flood });
    if (this.#isSuspect && flood === 'rapid-reset') this.#client?.blameSuspect();
    else if (isPenalized(flood)) this.#client?.blame(flood);
  }

  #onDue(): void {
    switch (this.#awaits) {
      case 'preface':
      case 'close':
        this.#socket.destroy();
        return;
      case 'request':
        return this.stop();
      case 'last-streams':
        return this.#probe();
      case 'streams':
    }
  }

  /** One that broke while it was ending is one of which node:http2 says no more, and its streams would stay for ever: it sends no PING. */
  #probe(): void {
    this.#await('last-streams', this.settings.CT_IDLE_TIMEOUT_MS);
    this.#session.ping((fault) => {
      if (fault !== null) this.#socket.destroy();
    });
  }

  #onClose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.wheel.remove(this.#deadline);
    this.stall.stop();
    this.#socket.destroy();
    this.#door.metrics.add('ct_proxy_http2_connections', -1);
    this.#door.forget(this);
  }

  #await(what: 'preface' | 'request' | 'last-streams' | 'close', ms: number): void {
    this.#awaits = what;
    this.wheel.set(this.#deadline, ms);
  }
}
