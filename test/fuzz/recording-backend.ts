/**
 * A backend on plain sockets that reads requests strictly, keeps the bytes of each, and answers with whatever
 * bytes it is told to. Anything that is no request to it is a fault of who sent it, and kept as one.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { valuesOf } from './message-reader.ts';
import { readRequest } from './request-reader.ts';
import type { ReadRequest } from './request-reader.ts';
import type { Sighting, Sightings } from './sightings.ts';

export interface BackendReply {
  readonly writes: readonly Buffer[];
  readonly closes: boolean;
}

/** A path that no grammar makes. */
export const checkPath = '/fuzz-backend-check';

export type ReplyTo = (address: string, request: ReadRequest) => BackendReply | undefined;

export class RecordingBackend {
  readonly sightings: Sightings;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #replyTo: ReplyTo;

  /** `replyTo` may leave the answer to the standard one, which tells the client's address. */
  constructor(sightings: Sightings, replyTo: ReplyTo = () => undefined) {
    this.sightings = sightings;
    this.#replyTo = replyTo;
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let bytes: Buffer = Buffer.alloc(0);
    let isAnswering = false;
    let hasClosed = false;
    const readOn = (): void => {
      if (isAnswering || bytes.length === 0) return;
      const reading = readRequest(bytes, 0);
      if (reading.kind === 'fault') {
        this.sightings.strays.push(
          `not a request (${reading.reason}): ${JSON.stringify(bytes.toString('latin1'))}`,
        );
        return void socket.destroy();
      }
      if (reading.kind !== 'request') return;
      const { request } = reading;
      const state = { isWhole: true, isServed: !hasClosed };
      const address = this.#record(request, bytes.subarray(0, request.end), state);
      bytes = bytes.subarray(request.end);
      if (hasClosed) return readOn();
      isAnswering = true;
      const reply = this.#replyTo(address, request) ?? standardReply(address, request);
      writeReply(socket, reply, () => {
        hasClosed = reply.closes;
        isAnswering = false;
        readOn();
      });
    };
    socket.on('data', (chunk) => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      readOn();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      const reading = readRequest(bytes, 0);
      if (reading.kind === 'unfinished' && reading.opened !== undefined)
        this.#record(reading.opened, bytes, { isWhole: false, isServed: false });
    });
  }

  #record(request: ReadRequest, bytes: Buffer, state: Pick<Sighting, 'isWhole' | 'isServed'>): string {
    const forwardedFor = valuesOf(request.head, 'x-forwarded-for');
    if (request.target === checkPath && forwardedFor.length === 0) return 'check';
    const { method, target, body, head } = request;
    const keys = valuesOf(head, 'ctstickiness');
    const closes = valuesOf(head, 'connection').some((value) => /\b(?:close|upgrade)\b/i.test(value));
    this.sightings.note(forwardedFor, { method, target, keys, body, bytes, closes, ...state });
    return forwardedFor.at(-1) ?? '';
  }
}

function standardReply(address: string, { method, target }: ReadRequest): BackendReply {
  const body = standardBody(address, method, target);
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`;
  return { writes: [Buffer.from(method === 'HEAD' ? head : head + body, 'latin1')], closes: false };
}

/** What a backend answers to a request, so that an answer tells what it is the answer to. */
export function standardBody(address: string, method: string, target: string): string {
  return `${address} ${method} ${target}`;
}

/** Each write in a turn of its own, so that the reader sees the cuts. */
function writeReply(socket: Socket, reply: BackendReply, onWritten: () => void): void {
  const [first, ...rest] = reply.writes;
  if (first === undefined) {
    if (reply.closes) socket.end();
    return onWritten();
  }
  if (socket.destroyed) return;
  socket.write(first);
  if (rest.length === 0) return writeReply(socket, { writes: [], closes: reply.closes }, onWritten);
  setImmediate(() => writeReply(socket, { writes: rest, closes: reply.closes }, onWritten));
}
