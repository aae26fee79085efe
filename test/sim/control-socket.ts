/**
 * A control connection between an edge and a front door, in the shape of the WebSocket that both know. Its messages
 * may come late, and now and then twice, as from a sender that was not sure.
 */
import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { Pipe } from './network.ts';
import type { Ground } from './network.ts';
import type { SimProcess } from './virtual-time.ts';

type Frame =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string };

/** `ws` closes so when no close frame came. */
const brokenCode = 1006;
const twicePattern = /^\{"type":"(report|lease|moved|stranded|drain|list-sessions|sessions|evacuated)"/;

class ControlEnd extends EventEmitter {
  readonly OPEN = 1;
  readyState = 0;
  out: Pipe<Frame> | undefined;
  readonly #ground: Ground;
  readonly #process: SimProcess;
  readonly #twiceShare: number;

  constructor(ground: Ground, process: SimProcess, twiceShare: number) {
    super();
    this.#ground = ground;
    this.#process = process;
    this.#twiceShare = twiceShare;
  }

  send(text: string): void {
    if (this.readyState !== this.OPEN) return;
    this.out?.send({ kind: 'text', text });
    if (twicePattern.test(text) && this.#ground.random.chance(this.#twiceShare))
      this.out?.send({ kind: 'text', text });
  }

  close(code = 1000, reason = ''): void {
    if (this.readyState > this.OPEN) return;
    this.readyState = 2;
    this.out?.send({ kind: 'close', code, reason });
    this.#ground.time.after(1, this.#process, () => this.end(code, reason));
  }

  terminate(): void {
    if (this.readyState === 3) return;
    this.readyState = 2;
    this.out?.drop();
    this.out?.send({ kind: 'close', code: brokenCode, reason: '' });
    this.#ground.time.after(0, this.#process, () => this.end(brokenCode, ''));
  }

  receive(frame: Frame): void {
    if (frame.kind === 'close') return this.end(frame.code, frame.reason);
    if (this.readyState === this.OPEN) this.emit('message', Buffer.from(frame.text), false);
  }

  end(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.emit('close', code, Buffer.from(reason));
  }
}

export interface ControlParties {
  readonly edge: SimProcess;
  /** Undefined where nobody listens. */
  readonly door: { readonly process: SimProcess; readonly accept: (socket: WebSocket) => void } | undefined;
  readonly names: { readonly edge: string; readonly door: string };
  /** Share of messages that come twice. */
  readonly twiceShare: number;
}

export interface ControlConnection {
  readonly edgeEnd: WebSocket;
  /** One side's process is gone: the other one's system hears it. */
  breakBy(process: SimProcess): void;
}

const delayMs = [0.2, 40] as const;
const handshakeMaxMs = 2_000;

/** Begins to connect; the edge's end tells how it goes. */
export function connectControl(ground: Ground, parties: ControlParties): ControlConnection {
  const { time, random, network } = ground;
  const { edge, door, names, twiceShare } = parties;
  const edgeEnd = new ControlEnd(ground, edge, twiceShare);
  const openMs = Math.max(network.openAt(names.edge, names.door), network.openAt(names.door, names.edge));
  const waitMs = Math.min(handshakeMaxMs, openMs - time.nowMs + random.delay(0.5, 20));
  const doorEnd = door === undefined ? undefined : new ControlEnd(ground, door.process, twiceShare);
  time.after(waitMs, door?.process, () => {
    if (doorEnd === undefined || door === undefined || waitMs === handshakeMaxMs) {
      time.after(0, edge, () => {
        const code = doorEnd === undefined ? 'ECONNREFUSED' : 'ETIMEDOUT';
        edgeEnd.emit('error', Object.assign(new Error('no connection'), { code }));
        edgeEnd.end(brokenCode, '');
      });
      return;
    }
    const toDoor = { receiver: door.process, hops: [names.edge, names.door] };
    const toEdge = { receiver: edge, hops: [names.door, names.edge] };
    edgeEnd.out = new Pipe<Frame>(ground, { ...toDoor, delayMs, deliver: (frame) => doorEnd.receive(frame) });
    doorEnd.out = new Pipe<Frame>(ground, { ...toEdge, delayMs, deliver: (frame) => edgeEnd.receive(frame) });
    if (edgeEnd.readyState !== 0) return;
    doorEnd.readyState = doorEnd.OPEN;
    door.accept(doorEnd as unknown as WebSocket);
    time.after(random.delay(0.2, 5), edge, () => {
      if (edgeEnd.readyState !== 0) return;
      edgeEnd.readyState = edgeEnd.OPEN;
      edgeEnd.emit('open');
    });
  });
  return {
    edgeEnd: edgeEnd as unknown as WebSocket,
    breakBy: (process) => {
      const [from, to] = process === edge ? [edgeEnd, doorEnd] : [doorEnd, edgeEnd];
      const frame: Frame = { kind: 'close', code: brokenCode, reason: '' };
      if (from?.out !== undefined) from.out.send(frame);
      else if (process !== edge) time.after(1, edge, () => to?.end(brokenCode, ''));
    },
  };
}
