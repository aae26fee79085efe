/**
 * HTTP/2 frame by frame on a TLS socket, right or wrong (RFC 9113 section 4, RFC 7541): for what no library would send. Every wait
 * has a deadline; the connection ends with the test.
 */
import { connect as connectPlain } from 'node:net';
import type { TestContext } from 'node:test';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { readStatus } from './http2-status.ts';

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;
/** RFC 9113 section 7. */
export const errorCode = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  cancel: 8,
  compression: 9,
  connect: 10,
  calm: 11,
} as const;
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export type Field = readonly [name: string, value: string];

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

const headBytes = 9;
const waitMaxMs = 20_000;
const nothing = Buffer.alloc(0);

export function frame(type: number, flags: number, stream: number, payload: Buffer = nothing): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Each field a literal that is not indexed, its strings as they are. */
export function headerBlock(fields: readonly Field[]): Buffer {
  const parts = fields.flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]);
  return Buffer.concat(parts);
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([prefixed(bytes.length), bytes]);
}

/** An integer behind a prefix of 7 bits (RFC 7541 section 5.1). */
function prefixed(value: number): Buffer {
  if (value < 127) return Buffer.of(value);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(128 + (rest % 128));
  return Buffer.from([...bytes, rest]);
}

export function settingsFrame(entries: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(entries.length * 6);
  entries.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  });
  return frame(frameType.settings, 0, 0, payload);
}

export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function windowUpdate(stream: number, by: number): Buffer {
  return frame(frameType.windowUpdate, 0, stream, number(by));
}

export function reset(stream: number, code: number = errorCode.cancel): Buffer {
  return frame(frameType.reset, 0, stream, number(code));
}

export function ping(text = '12345678'): Buffer {
  return frame(frameType.ping, 0, 0, Buffer.from(text, 'latin1'));
}

export function requestFields(path: string, ...more: readonly Field[]): Field[] {
  return [[':method', 'GET'], [':scheme', 'https'], [':authority', 'localhost'], [':path', path], ...more];
}

/** A whole request without a body. */
export function request(stream: number, fields: readonly Field[]): Buffer {
  return frame(frameType.headers, flag.endStream | flag.endHeaders, stream, headerBlock(fields));
}

/** Whose connection it is. */
interface Origin {
  readonly localAddress?: string;
  /** What a proxy says before TLS. */
  readonly introduction?: string;
}

/** Opens a connection and sends preface and settings; one that is refused has ended. */
export async function openFrames(
  t: Pick<TestContext, 'after'>,
  port: number,
  settings: readonly (readonly [number, number])[] = [],
  origin: Origin = {},
): Promise<FrameConnection> {
  const connection = await openBare(t, port, origin);
  // Without a dynamic table each block can be read by itself.
  connection.send(preface, settingsFrame([[1, 0], ...settings]));
  await connection.when(() => connection.hasSettings || connection.hasEnded, 'the settings are there');
  connection.send(frame(frameType.settings, flag.ack, 0));
  return connection;
}

/** Opens a connection on which nothing is sent yet. */
export async function openBare(
  t: Pick<TestContext, 'after'>,
  port: number,
  { localAddress, introduction = '' }: Origin = {},
): Promise<FrameConnection> {
  const below = connectPlain({ port, host: '127.0.0.1', ...(localAddress && { localAddress }) });
  if (introduction !== '') below.write(introduction);
  const socket = connect({ socket: below, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  t.after(() => socket.destroy());
  const connection = new FrameConnection(socket);
  await connection.when(() => socket.alpnProtocol === 'h2' || connection.hasEnded, 'TLS has agreed on h2');
  return connection;
}

export class FrameConnection {
  readonly socket: TLSSocket;
  readonly frames: Frame[] = [];
  hasEnded = false;
  #rest: Buffer = nothing;
  #onNews: () => void = () => undefined;

  constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    for (const event of ['end', 'close', 'error']) socket.on(event, () => (this.hasEnded = true));
    for (const event of ['secureConnect', 'data', 'end', 'close', 'error'])
      socket.on(event, () => this.#onNews());
  }

  get hasSettings(): boolean {
    return this.frames.some(({ type, flags }) => type === frameType.settings && (flags & flag.ack) === 0);
  }

  send(...parts: readonly Buffer[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(parts));
  }

  /** Code of the last GOAWAY. */
  get goaway(): number | undefined {
    return this.frames.findLast(({ type }) => type === frameType.goaway)?.payload.readUInt32BE(4);
  }

  resetOf(stream: number): number | undefined {
    const found = this.frames.find((frame) => frame.type === frameType.reset && frame.stream === stream);
    return found?.payload.readUInt32BE(0);
  }

  /** Of the final answer; undefined while there is none. */
  statusOf(stream: number): number | undefined {
    for (const { type, stream: on, payload } of this.frames) {
      if (type !== frameType.headers || on !== stream) continue;
      const status = readStatus(payload);
      if (status === undefined || status >= 200) return status;
    }
    return undefined;
  }

  hasEndOf(stream: number): boolean {
    return this.frames.some(
      ({ type, flags, stream: on }) =>
        on === stream &&
        (type === frameType.data || type === frameType.headers) &&
        (flags & flag.endStream) !== 0,
    );
  }

  bodyOf(stream: number): Buffer {
    return Buffer.concat(
      this.frames.flatMap((frame) =>
        frame.type === frameType.data && frame.stream === stream ? [frame.payload] : [],
      ),
    );
  }

  get pongs(): number {
    return this.frames.filter(({ type, flags }) => type === frameType.ping && (flags & flag.ack) !== 0)
      .length;
  }

  /** Waits for what only news from the other side can bring; fails at the deadline. */
  async when(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = setTimeout(() => reject(new Error(`waited ${waitMaxMs} ms until ${what}`)), waitMaxMs);
    this.#onNews = () => (condition() ? resolve() : undefined);
    await promise.finally(() => clearTimeout(late));
    this.#onNews = () => undefined;
  }

  async whenEnded(): Promise<void> {
    await this.when(() => this.hasEnded, 'the connection ends');
  }

  #read(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      if (this.#rest.length < headBytes) return;
      const end = headBytes + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) return;
      const [type, flags] = [this.#rest.readUInt8(3), this.#rest.readUInt8(4)];
      const stream = this.#rest.readUInt32BE(5) & 0x7fffffff;
      this.frames.push({ type, flags, stream, payload: this.#rest.subarray(headBytes, end) });
      this.#rest = this.#rest.subarray(end);
    }
  }
}
