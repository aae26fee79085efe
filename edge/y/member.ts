/**
 * One WebSocket of one document. Writes frames as they are, one write to the system per turn of the event
 * loop, holds no more than it may, notices a dead peer, and never sends anything once it is ending.
 */
import type { RawData } from 'ws';
import { errorTable } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { MemberView } from '#shared/session-views.ts';
import { RateMeter } from '../core/rate-meter.ts';
import type { PaceLimit, SenderPace } from '../core/sender-pace.ts';
import { frameBinary } from '../frame.ts';
import type { OutletWebSocket } from '../outlet-server.ts';
import { closeGraceMs } from './limits.ts';
import { encodeAwarenessMessage } from './message.ts';
import type { Traffic } from '../traffic.ts';

export interface MemberOptions {
  /** Names the connection to administrators. */
  readonly id: string;
  readonly key: AffinityKey;
  readonly document: string;
  /** What the client says that it is. */
  readonly client: string;
  readonly ws: OutletWebSocket;
  readonly sendBufferMaxBytes: number;
  readonly pace: SenderPace;
  readonly nowMs: () => number;
  /** The member is not read from for a while. */
  readonly onSlowed: (cause: PaceLimit | 'commit') => void;
  readonly traffic: Traffic;
  /** Called once, when this side cuts the member off for a fault of its own. */
  readonly onCut: (code: ErrorCode) => void;
}

/** A user agent names its browser at its end. */
const clientMaxLength = 200;
const keepAliveFrame = frameBinary(encodeAwarenessMessage([]));

export class Member {
  readonly #options: MemberOptions;
  #isEnding = false;
  #hasAnswered = true;
  /** Why it is not read from; read again when there is no reason left. */
  readonly #pauses = new Set<'pace' | 'commit'>();
  #pacing: NodeJS.Timeout | undefined;

  readonly #openedMs: number;
  readonly #received: RateMeter;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.#openedMs = options.nowMs();
    this.#received = new RateMeter(this.#openedMs);
    const { ws } = options;
    ws.on('pong', () => {
      this.#hasAnswered = true;
    });
    ws.once('close', () => clearTimeout(this.#pacing));
    ws.on('error', (error: Error & { code?: string }) => {
      const code = codeOfFault(error.code);
      if (code !== undefined) this.#noteCut(code);
    });
  }

  get id(): string {
    return this.#options.id;
  }

  get key(): AffinityKey {
    return this.#options.key;
  }

  /** As an administrator sees it. */
  describe(nowMs: number): MemberView {
    const { id, document, client } = this.#options;
    return {
      id,
      adapter: 'y',
      role: 'writer',
      document,
      client: client.slice(0, clientMaxLength),
      transport: 'websocket',
      sinceSeconds: Math.round((nowMs - this.#openedMs) / 1_000),
      ...this.#received.read(nowMs),
    };
  }

  get waitingBytes(): number {
    return this.#options.ws.outlet.waitingBytes;
  }

  /** Calls back with each message until this side ends the connection; undefined for text. */
  onMessage(receive: (bytes: Uint8Array | undefined) => void): void {
    this.#options.ws.on('message', (data: RawData, isBinary) => {
      if (this.#isEnding) return;
      this.#hasAnswered = true;
      // The default binary type gives a Buffer.
      const bytes = data as Buffer;
      if (!this.#isInPace(bytes.byteLength)) return this.refuse('member-too-fast');
      this.#options.traffic.count('in', bytes.byteLength);
      this.#received.add(bytes.byteLength, this.#options.nowMs());
      receive(isBinary ? bytes : undefined);
    });
  }

  send(message: Uint8Array): void {
    this.write(frameBinary(message));
  }

  /** Writes whole frames, so many in one buffer; the same buffer may go to any number of members. */
  write(frames: Buffer, count = 1): void {
    const { ws, sendBufferMaxBytes, traffic } = this.#options;
    if (this.#isEnding || ws.readyState !== ws.OPEN) return;
    if (this.waitingBytes > sendBufferMaxBytes) {
      // It does not read, so it would not read a close frame either.
      this.#noteCut('member-too-slow');
      ws.terminate();
      return;
    }
    traffic.count('out', frames.byteLength, count);
    ws.outlet.write(frames);
  }

  /** Reads nothing more until `resume`: what it sent waits for the disk. */
  pause(): void {
    if (!this.#pauses.has('commit')) this.#options.onSlowed('commit');
    this.#pauseFor('commit');
  }

  resume(): void {
    this.#resumeFrom('commit');
  }

  /** Pings, and sends what keeps the client content; cuts a peer that was silent since the last beat. */
  beat(): void {
    const { ws } = this.#options;
    if (!this.#hasAnswered) return ws.terminate();
    if (ws.readyState !== ws.OPEN) return;
    this.#hasAnswered = false;
    ws.ping();
    this.write(keepAliveFrame);
  }

  /** Ends the connection for a fault of the member. */
  refuse(code: ErrorCode): void {
    if (this.#isEnding) return;
    this.#noteCut(code);
    this.close(code);
  }

  /** Ends the connection with the code's close code; cuts it when the peer does not answer. */
  close(code: ErrorCode): void {
    const { ws } = this.#options;
    this.#isEnding = true;
    if (ws.readyState !== ws.OPEN) return;
    clearTimeout(this.#pacing);
    // A paused socket would never see the peer's close frame.
    ws.resume();
    ws.close(errorTable[code].closeCode, code);
    const timer = setTimeout(() => ws.terminate(), closeGraceMs);
    ws.once('close', () => clearTimeout(timer));
  }

  /** A sender that is too fast is not read from for as long as its pace says; false where that is not enough. */
  #isInPace(bytes: number): boolean {
    const { pace, nowMs, onSlowed } = this.#options;
    const verdict = pace.take(bytes, nowMs());
    if (verdict.kind === 'refuse') return false;
    if (verdict.kind === 'go-on' || this.#pauses.has('pace')) return true;
    onSlowed(verdict.limit);
    this.#pauseFor('pace');
    this.#pacing = setTimeout(() => this.#resumeFrom('pace'), verdict.ms);
    return true;
  }

  #pauseFor(cause: 'pace' | 'commit'): void {
    this.#pauses.add(cause);
    this.#options.ws.pause();
  }

  #resumeFrom(cause: 'pace' | 'commit'): void {
    this.#pauses.delete(cause);
    if (this.#pauses.size === 0) this.#options.ws.resume();
  }

  #noteCut(code: ErrorCode): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#options.onCut(code);
  }
}

/** What `ws` found wrong in the peer's bytes; undefined where the network ended. */
function codeOfFault(code: string | undefined): ErrorCode | undefined {
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return 'message-too-large';
  return code?.startsWith('WS_ERR_') === true ? 'message-malformed' : undefined;
}
