/**
 * A client that writes bytes as it pleases and reads answers strictly: for requests that no HTTP library
 * would send. Every wait has a deadline; the connection ends with the test.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { until } from './front-door.ts';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; of repeated ones the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export async function openRaw(t: TestContext, port: number): Promise<RawConnection> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  t.after(() => socket.destroy());
  const connection = new RawConnection(socket);
  await until(() => Promise.resolve(!socket.connecting), 'the connection is there');
  return connection;
}

export class RawConnection {
  readonly socket: Socket;
  #chunks: Buffer[] = [];
  #take = (chunk: Buffer): void => void this.#chunks.push(chunk);
  #ended = false;
  #error: string | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('end', () => (this.#ended = true));
    socket.on('close', () => (this.#ended = true));
    socket.on('error', (error: NodeJS.ErrnoException) => (this.#error = error.code));
  }

  /** How the connection broke, undefined where it did not. */
  get error(): string | undefined {
    return this.#error;
  }

  /** True when the other side will send no more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What came and was not taken by `answer`. */
  get pending(): Buffer {
    return this.#buffer;
  }

  /** From now on bytes go to the receiver and are not kept. */
  takeOver(receive: (chunk: Buffer) => void): void {
    this.#take = receive;
  }

  /** Writes bytes as they are (strings as latin1). */
  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** The next whole answer; fails when the connection ends before. */
  async answer(): Promise<RawAnswer> {
    let answer: { value: RawAnswer; length: number } | undefined;
    await until(() => {
      answer = parseAnswer(this.#buffer);
      return Promise.resolve(answer !== undefined || this.#ended);
    }, 'an answer is there');
    if (answer === undefined) {
      const seen = this.#buffer.toString('latin1').slice(0, 500);
      throw new Error(`the connection ended without an answer (${this.#error ?? 'no error'}): ${seen}`);
    }
    this.#buffer = this.#buffer.subarray(answer.length);
    return answer.value;
  }

  /** The head of a 101; the rest of the bytes stays pending. */
  async head(): Promise<string> {
    await until(() => Promise.resolve(this.#ended || this.#buffer.includes('\r\n\r\n')), 'a head is there');
    const end = this.#buffer.indexOf('\r\n\r\n') + 4;
    const head = this.#buffer.subarray(0, end).toString('latin1');
    this.#buffer = this.#buffer.subarray(end);
    return head;
  }

  async whenEnded(): Promise<void> {
    await until(() => Promise.resolve(this.#ended), 'the front door ends the connection');
  }

  get #buffer(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  set #buffer(rest: Buffer) {
    this.#chunks = rest.length === 0 ? [] : [rest];
  }
}

function parseAnswer(buffer: Buffer): { value: RawAnswer; length: number } | undefined {
  const headEnd = buffer.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [statusLine, ...lines] = buffer.subarray(0, headEnd).toString('latin1').split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const status = Number(statusLine!.split(' ')[1]);
  const rest = buffer.subarray(headEnd + 4);
  const chunked = headers['transfer-encoding'] === 'chunked';
  const body = chunked ? takeChunks(rest) : takeLength(rest, Number(headers['content-length'] ?? 0));
  if (body === undefined) return undefined;
  return { value: { status, headers, body: body.text }, length: headEnd + 4 + body.length };
}

interface TakenBody {
  readonly text: string;
  readonly length: number;
}

function takeLength(rest: Buffer, length: number): TakenBody | undefined {
  return rest.length < length ? undefined : { text: rest.subarray(0, length).toString('utf8'), length };
}

function takeChunks(rest: Buffer): TakenBody | undefined {
  let text = '';
  let at = 0;
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(rest.subarray(at, lineEnd).toString('latin1'), 16);
    const next = lineEnd + 2 + size + 2;
    if (rest.length < next) return undefined;
    text += rest.subarray(lineEnd + 2, lineEnd + 2 + size).toString('utf8');
    at = next;
    if (size === 0) return { text, length: at };
  }
}
