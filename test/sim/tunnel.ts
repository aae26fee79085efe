/** An upgraded connection between a client and an edge, by way of a front door: frames both ways, until one side breaks it. */
import { Pipe } from './network.ts';
import type { Ground } from './network.ts';
import type { SimProcess } from './virtual-time.ts';

/** From the edge to its client. The first six are Engine.IO's and Socket.IO's, the next one is of y-websocket. */
export type DownFrame =
  | { readonly kind: 'ping' }
  | { readonly kind: 'connected'; readonly pid: string }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'event'; readonly bytes: Uint8Array; readonly offset: string }
  | { readonly kind: 'expelled' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'close'; readonly code: number }
  | { readonly kind: 'broken' };

export type UpFrame =
  | { readonly kind: 'pong' }
  | { readonly kind: 'connect'; readonly auth: ConnectAuth }
  | { readonly kind: 'event'; readonly bytes: Uint8Array }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'close' }
  | { readonly kind: 'broken' };

/** Of Socket.IO's CONNECT packet, with the session token, which travels as a header. */
export interface ConnectAuth {
  readonly token: string;
  readonly publicKey: string;
  readonly pid: string | undefined;
  readonly offset: string | undefined;
}

export interface TunnelParties {
  readonly client: string;
  readonly door: string;
  readonly edge: SimProcess;
  readonly edgeName: string;
  readonly onDown: (frame: DownFrame) => void;
}

const delayMs = [0.3, 60] as const;

export class Tunnel {
  /** Set by whoever serves it. */
  onUp: (frame: UpFrame) => void = () => undefined;
  readonly client: string;
  readonly door: string;
  readonly edge: SimProcess;
  readonly #up: Pipe<UpFrame>;
  readonly #down: Pipe<DownFrame>;
  #downBytes = 0;
  #isOver = false;

  constructor(ground: Ground, { client, door, edge, edgeName, onDown }: TunnelParties) {
    this.client = client;
    this.door = door;
    this.edge = edge;
    this.#up = new Pipe(ground, {
      receiver: edge,
      hops: [client, door, edgeName],
      delayMs,
      deliver: (frame) => this.onUp(frame),
    });
    this.#down = new Pipe(ground, {
      receiver: undefined,
      hops: [edgeName, door, client],
      delayMs,
      deliver: (frame) => {
        if ('bytes' in frame) this.#downBytes -= frame.bytes.byteLength;
        onDown(frame);
      },
    });
    // Until its client has it.
    this.#down.pause();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Bytes on their way to the client: beyond what systems buffer where it does not read. */
  get waitingBytes(): number {
    return this.#downBytes;
  }

  sendUp(frame: UpFrame): void {
    this.#up.send(frame);
  }

  sendDown(frame: DownFrame): void {
    if ('bytes' in frame) this.#downBytes += frame.bytes.byteLength;
    this.#down.send(frame);
  }

  pauseUp(): void {
    this.#up.pause();
  }

  resumeUp(): void {
    this.#up.resume();
  }

  pauseDown(): void {
    this.#down.pause();
  }

  resumeDown(): void {
    this.#down.resume();
  }

  /** Somebody on the way is gone, or the edge cuts; `losesAll`: with what was under way. */
  break(losesAll: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (losesAll) {
      this.#up.drop();
      this.#down.drop();
      this.#downBytes = 0;
    }
    this.#up.resume();
    this.#down.resume();
    this.#up.send({ kind: 'broken' });
    this.#down.send({ kind: 'broken' });
  }
}
