/**
 * One client connection of HTTP/1.1: its exchanges run one after the other, as their answers must come; what
 * follows a request that ended the connection is never started, and a refusal of the parser waits until the
 * answers before it are out, so that it lands in none of them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

interface Turn {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Conducts the exchange; resolves to false when the connection must not be used again. */
  readonly conduct: () => Promise<boolean>;
}

/** Requests that a client may send ahead; who sends more is cut off. */
const pipelinedMax = 128;
/** After our last words we read on for so long: a reset for unread bytes would take them from the client. */
export const lingerMs = 1_000;

export class ClientConnection {
  readonly #socket: Duplex;
  readonly #waiting: Turn[] = [];
  #running: Turn | undefined;
  #isOver = false;
  #lastWords: string | undefined;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  accept(turn: Turn): void {
    if (this.#isOver || this.#lastWords !== undefined) return;
    if (this.#waiting.length >= pipelinedMax) return void this.#socket.destroy();
    this.#waiting.push(turn);
    if (this.#running === undefined) void this.#run();
  }

  /** The parser gave up: nothing after this point is a request. Only the first call counts. */
  refuse(answer: string): void {
    if (this.#isOver || this.#lastWords !== undefined) return;
    this.#lastWords = answer;
    const broken = this.#waiting.at(-1) ?? this.#running;
    if (broken === undefined) return this.#speakLast();
    if (broken.request.complete) return;
    // The body of a request broke: its answer cannot be finished, nor may another be put in its place.
    if (broken !== this.#running || broken.response.headersSent) return void this.#socket.destroy();
    this.#speakLast();
  }

  async #run(): Promise<void> {
    while ((this.#running = this.#waiting.shift()) !== undefined) {
      const goesOn = await this.#running.conduct();
      if (!goesOn) this.#isOver = true;
      if (this.#isOver) this.#waiting.length = 0;
    }
    if (this.#lastWords !== undefined && !this.#isOver) this.#speakLast();
  }

  #speakLast(): void {
    this.#isOver = true;
    endGently(this.#socket, this.#lastWords ?? '');
  }
}

/** Ends a connection with an answer, and gives the client time to read it (RFC 9112 section 9.6). */
export function endGently(socket: Duplex, answer: string | Buffer): void {
  if (!socket.writable) return void socket.destroy();
  socket.end(answer);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
}
