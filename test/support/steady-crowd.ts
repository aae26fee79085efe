/**
 * Clients who stay connected while others come all the time, and who notice everything: a refused or reset connection, a wrong answer, a
 * WebSocket that closes or does not answer. For whoever changes something beneath them and claims that nobody notices.
 */
import { once } from 'node:events';
import { get } from '#shared/node-http.ts';
import { WebSocket } from 'ws';
import { eventually } from './oct-inbox.ts';

interface CrowdOptions {
  /** Of the front door, without a slash at its end. */
  readonly url: string;
  readonly sockets: number;
  /** New connections a second; each tenth is a WebSocket. */
  readonly arrivalsPerSecond: number;
}

export interface Noticed {
  readonly arrivals: number;
  /** By what went wrong. */
  readonly faults: Readonly<Record<string, number>>;
  /** WebSockets that stay and closed. */
  readonly dropped: number;
}

/** WebSockets of a session. */
const membersPerKey = 4;
const openAtOnce = 50;
const tickMs = 20;
const answerMaxMs = 20_000;
const pongMaxMs = 30_000;

export class SteadyCrowd {
  readonly #options: CrowdOptions;
  readonly #faults = new Map<string, number>();
  #sockets: WebSocket[] = [];
  #arrivals = 0;
  #settled = 0;
  #dropped = 0;
  #arriving: NodeJS.Timeout | undefined;

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** Keys of those who stay. */
  get keys(): string[] {
    return Array.from({ length: Math.ceil(this.#options.sockets / membersPerKey) }, (_, i) => `stay-${i}`);
  }

  get noticed(): Noticed {
    return { arrivals: this.#arrivals, faults: Object.fromEntries(this.#faults), dropped: this.#dropped };
  }

  async enter(): Promise<void> {
    for (let from = 0; from < this.#options.sockets; from += openAtOnce) {
      const some = Array.from(
        { length: Math.min(openAtOnce, this.#options.sockets - from) },
        async (_, i) => {
          const socket = this.#connect(`stay-${Math.floor((from + i) / membersPerKey)}`);
          await once(socket, 'open');
          socket.once('close', () => this.#dropped++);
          return socket;
        },
      );
      this.#sockets.push(...(await Promise.all(some)));
    }
    const startedMs = performance.now();
    // By the clock: where the machine is busy, those who are late come together.
    this.#arriving = setInterval(() => {
      const due = ((performance.now() - startedMs) * this.#options.arrivalsPerSecond) / 1_000;
      while (this.#arrivals < due) this.#arrive(this.#arrivals++);
    }, tickMs);
  }

  /** Every WebSocket that stays answers; rejects where one does not. */
  async allAnswer(): Promise<void> {
    let answers = 0;
    for (const socket of this.#sockets) {
      socket.once('pong', () => answers++);
      socket.ping();
    }
    await eventually(() => answers === this.#sockets.length, 'all WebSockets answer', pongMaxMs);
  }

  /** Nobody new comes, and all who came have their answers. */
  async stopArrivals(): Promise<void> {
    clearInterval(this.#arriving);
    await eventually(() => this.#settled === this.#arrivals, 'all who came have answers', answerMaxMs * 2);
  }

  leave(): void {
    clearInterval(this.#arriving);
    for (const socket of this.#sockets) {
      socket.removeAllListeners('close');
      socket.terminate();
    }
    this.#sockets = [];
  }

  #arrive(number: number): void {
    const settle = (fault: string | undefined): void => {
      this.#settled++;
      if (fault !== undefined) this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1);
    };
    const key = number % 2 === 0 ? `come-${number}` : `stay-${number % this.keys.length}`;
    if (number % 10 === 0) void this.#visit(key).then(settle);
    else this.#ask(key, settle);
  }

  #ask(key: string, settle: (fault: string | undefined) => void): void {
    const headers = { ctstickiness: key, connection: 'close' };
    const url = `${this.#options.url}/ct-health/`;
    const signal = AbortSignal.timeout(answerMaxMs);
    const request = get(url, { agent: false, headers, signal }, (answer) => {
      const status = answer.statusCode ?? 0;
      answer.once('error', (error) => settle(codeOf(error)));
      answer.resume().once('end', () => settle(status === 200 ? undefined : `status ${status}`));
    });
    request.once('error', (error) => settle(codeOf(error)));
  }

  /** Opens a WebSocket and leaves at once. */
  async #visit(key: string): Promise<string | undefined> {
    const socket = this.#connect(key);
    try {
      await once(socket, 'open', { signal: AbortSignal.timeout(answerMaxMs) });
      socket.close();
      return undefined;
    } catch (error) {
      socket.terminate();
      return codeOf(error as Error);
    }
  }

  #connect(key: string): WebSocket {
    const socket = new WebSocket(`${this.#options.url.replace('http', 'ws')}/y/${key}/notes`);
    socket.on('error', () => undefined);
    return socket;
  }
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
