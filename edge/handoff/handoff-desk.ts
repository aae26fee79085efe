/**
 * Upgrades whose clients' own connections come from a front door of the same machine: who waits for one, what the answer to
 * the client has to say, and what a front door would see to on a connection that it carried: its bytes, its end, its silence.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { internalHeaders } from '#shared/internal-headers.ts';
import type { Give, HandoffMessage } from '#shared/handoff-frames.ts';
import { bytesWrittenTo } from '../outlet.ts';
import { refuseRequest } from '../refusal.ts';
import { answerWith } from '../upgrade-offer.ts';
import type { UpgradeOffer, UpgradeWay } from '../upgrade-offer.ts';
import type { HandoffTaker } from './handoff-port.ts';

interface Question {
  readonly exchangeId: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Asked again when the connection comes: the edge may have lost its right meanwhile. */
  readonly mayServe: () => boolean;
}

interface Waiting extends Pick<Question, 'request' | 'mayServe'> {
  readonly resolve: (way: UpgradeWay | undefined) => void;
  readonly deadline: NodeJS.Timeout;
}

interface Handed {
  readonly socket: Socket;
  readonly idleMs: number;
  /** Bytes of the client that the front door had read. */
  readonly earlyBytes: number;
  /** Of the 101; 0 while there is none. */
  headBytes: number;
  seenBytes: number;
  silentMs: number;
}

/** The front door gives the connection at once, or not at all. */
const giveMaxMs = 5_000;
/** Agreed upgrades that may wait for their connections; each holds its head and a document at most. */
const waitingMax = 4_096;
/** Silence is noticed late by this part of the idle time, and by this long, at most. */
const looksPerIdleTime = 8;
const lookEveryMaxMs = 10_000;

export class HandoffDesk implements HandoffTaker {
  readonly #waiting = new Map<string, Waiting>();
  readonly #handed = new Set<Handed>();
  #looking: NodeJS.Timeout | undefined;
  #lookMs = Infinity;

  /** Connections that came from front doors and are open. */
  get openCount(): number {
    return this.#handed.size;
  }

  /** A front door asks whether this edge would take the client's connection. */
  offer({ exchangeId, request, response, mayServe }: Question): UpgradeOffer {
    return {
      refuse: (code) => refuseRequest(response, code, exchangeId),
      take: async () => {
        // Whoever asked is gone.
        if (response.destroyed) return undefined;
        if (this.#waiting.size >= waitingMax || this.#waiting.has(exchangeId)) {
          refuseRequest(response, 'edge-busy', exchangeId);
          return undefined;
        }
        const way = this.#await(exchangeId, request, mayServe);
        response.writeHead(204, { [internalHeaders.handoff]: '1' });
        response.end();
        return await way;
      },
    };
  }

  onGive(give: Give, fd: number, reply: (message: HandoffMessage) => void): void {
    const { number, exchangeId } = give;
    const waiting = this.#waiting.get(exchangeId);
    const socket = fd === -1 ? undefined : openSocket(fd);
    if (waiting === undefined || socket === undefined || !waiting.mayServe()) {
      // It never spoke: to the client nothing has happened.
      socket?.destroy();
      this.#settle(exchangeId, undefined);
      return reply({ kind: 'unclaimed', number });
    }
    const handed = this.#take(give, socket);
    socket.once('close', () => {
      this.#handed.delete(handed);
      reply({ kind: 'ended', number, ...totalsOf(handed) });
    });
    answerWith(waiting.request, (fields) => {
      fields.push(...give.fields.split('\r\n').filter((line) => line !== ''));
      handed.headBytes = fields.reduce((sum, line) => sum + line.length + 2, 2);
    });
    // Before a byte of ours: if this process dies the front door knows whether the client may have heard of it.
    reply({ kind: 'taken', number });
    this.#settle(exchangeId, { socket, head: give.early });
  }

  /** Ends every connection at once. */
  destroy(): void {
    clearInterval(this.#looking);
    for (const exchangeId of this.#waiting.keys()) this.#settle(exchangeId, undefined);
    for (const { socket } of this.#handed) socket.destroy();
  }

  async #await(
    exchangeId: string,
    request: IncomingMessage,
    mayServe: () => boolean,
  ): Promise<UpgradeWay | undefined> {
    const { promise, resolve } = Promise.withResolvers<UpgradeWay | undefined>();
    const deadline = setTimeout(() => this.#settle(exchangeId, undefined), giveMaxMs);
    this.#waiting.set(exchangeId, { request, mayServe, resolve, deadline });
    return await promise;
  }

  #settle(exchangeId: string, way: UpgradeWay | undefined): void {
    const waiting = this.#waiting.get(exchangeId);
    if (waiting === undefined) return;
    this.#waiting.delete(exchangeId);
    clearTimeout(waiting.deadline);
    waiting.resolve(way);
  }

  #take({ idleMs, early }: Give, socket: Socket): Handed {
    const handed = { socket, idleMs, earlyBytes: early.length, headBytes: 0, seenBytes: -1, silentMs: 0 };
    this.#handed.add(handed);
    // A client that resets before somebody listens must not end the process.
    socket.on('error', () => socket.destroy());
    const lookMs = Math.min(idleMs / looksPerIdleTime, lookEveryMaxMs);
    if (lookMs < this.#lookMs) {
      this.#lookMs = lookMs;
      clearInterval(this.#looking);
      this.#looking = setInterval(() => this.#look(), lookMs).unref();
    }
    return handed;
  }

  #look(): void {
    for (const handed of this.#handed) {
      const bytes = handed.socket.bytesRead + bytesWrittenTo(handed.socket);
      handed.silentMs = bytes === handed.seenBytes ? handed.silentMs + this.#lookMs : 0;
      handed.seenBytes = bytes;
      if (handed.silentMs >= handed.idleMs) handed.socket.destroy();
    }
  }
}

/** Undefined where it is no connection any more. */
function openSocket(fd: number): Socket | undefined {
  try {
    return new Socket({ fd, allowHalfOpen: true });
  } catch {
    return undefined;
  }
}

/** As the front door counts them: what came after the heads. */
function totalsOf({ socket, earlyBytes, headBytes }: Handed): { status: number; up: number; down: number } {
  return {
    status: headBytes > 0 ? 101 : 400,
    up: earlyBytes + socket.bytesRead,
    down: Math.max(0, bytesWrittenTo(socket) - headBytes),
  };
}
