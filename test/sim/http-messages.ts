/** Requests and answers of HTTP between two processes of a simulation, in the shapes that product code knows. */
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

export interface SimRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

export interface SimAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What a server reads: its body comes in one piece. `extras` are put on it as they are. */
export function toIncoming(request: SimRequest, extras: object = {}): IncomingMessage {
  const { body } = request;
  return Object.assign(new EventEmitter(), extras, {
    method: request.method,
    url: request.url,
    headers: request.headers,
    resume: () => undefined,
    async *[Symbol.asyncIterator]() {
      await Promise.resolve();
      if (body !== undefined) yield body;
    },
  }) as unknown as IncomingMessage;
}

class Response extends EventEmitter {
  statusCode = 200;
  headersSent = false;
  destroyed = false;
  readonly #headers: Record<string, string> = {};
  readonly #onAnswer: (answer: SimAnswer) => void;

  constructor(onAnswer: (answer: SimAnswer) => void) {
    super();
    this.#onAnswer = onAnswer;
  }

  setHeader(name: string, value: string | number): this {
    this.#headers[name] = String(value);
    return this;
  }

  writeHead(status: number, headers: Readonly<Record<string, string | number>> = {}): this {
    this.statusCode = status;
    this.headersSent = true;
    for (const [name, value] of Object.entries(headers)) this.setHeader(name, value);
    return this;
  }

  end(body: string | Uint8Array | undefined): this {
    if (this.destroyed) return this;
    this.headersSent = true;
    this.destroyed = true;
    const bytes = Buffer.from((body ?? '') as Uint8Array);
    this.#onAnswer({ status: this.statusCode, headers: this.#headers, body: bytes });
    this.emit('finish');
    this.emit('close');
    return this;
  }

  /** The client has left. */
  abandon(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

export type SimResponse = ServerResponse & { abandon(): void };

export function createResponse(onAnswer: (answer: SimAnswer) => void): SimResponse {
  return new Response(onAnswer) as unknown as SimResponse;
}

/** The socket of an upgrade while it speaks HTTP: tells a refusal, which is all that is written to it then. */
export function createUpgradeSocket(onRefusal: (answer: SimAnswer) => void): Duplex {
  const socket = new EventEmitter() as EventEmitter & Record<string, unknown>;
  Object.assign(socket, {
    destroy: () => undefined,
    end: (text: string) => {
      const [head = '', body = ''] = text.split('\r\n\r\n');
      const [status = '', ...lines] = head.split('\r\n');
      const headers = Object.fromEntries(lines.map((line) => line.split(': ', 2)));
      onRefusal({ status: Number(status.split(' ')[1]), headers, body: Buffer.from(body) });
    },
  });
  return socket as unknown as Duplex;
}
