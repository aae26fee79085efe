/** A client of HTTP/2 by node:http2, and a front door that speaks it: whole answers, raw streams, WebSockets (RFC 8441). */
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from 'node:http2';
import { Authority } from './certificate.ts';
import type { Lifetime } from './child-end.ts';
import { startFrontDoor } from './front-door.ts';
import type { FrontDoor, FrontDoorOptions } from './front-door.ts';
import { eventually } from './oct-inbox.ts';

export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  /** Heads of interim answers. */
  readonly interim: readonly IncomingHttpHeaders[];
  readonly body: Buffer;
  /** How the stream ended; 0 where all is well. */
  readonly rstCode: number;
}

export interface SecureDoor {
  readonly door: FrontDoor;
  readonly caPath: string;
}

/** A front door with a certificate for localhost and 127.0.0.1. */
export async function startSecureDoor(t: Lifetime, options: FrontDoorOptions): Promise<SecureDoor> {
  const authority = new Authority(t);
  const { certPath, keyPath } = authority.sign('DNS:localhost,IP:127.0.0.1');
  const tls = { CT_HTTPS_PORT: '0', CT_TLS_CERT: certPath, CT_TLS_KEY: keyPath };
  const door = await startFrontDoor(t, { ...options, settings: { ...tls, ...options.settings } });
  return { door, caPath: authority.own.certPath };
}

/** Opens a connection that ends with the test, and waits for the settings of the other side. */
export async function openHttp2(t: Lifetime, port: number, caPath: string): Promise<Http2Client> {
  const session = connect(`https://localhost:${port}`, { ca: readFileSync(caPath) });
  t.after(() => session.destroy());
  const client = new Http2Client(session);
  await eventually(() => client.hasSettings, 'the connection is there');
  return client;
}

export class Http2Client {
  readonly session: ClientHttp2Session;
  hasSettings = false;
  goaway: { code: number; lastStreamId: number } | undefined;
  isClosed = false;

  constructor(session: ClientHttp2Session) {
    this.session = session;
    session.on('error', () => undefined);
    session.once('remoteSettings', () => (this.hasSettings = true));
    session.on('goaway', (code, lastStreamId) => (this.goaway = { code, lastStreamId }));
    session.once('close', () => (this.isClosed = true));
  }

  /** Opens a stream whose faults are seen in its `rstCode` alone. */
  open(
    headers: OutgoingHttpHeaders,
    options: { endStream?: boolean; waitForTrailers?: boolean } = {},
  ): ClientHttp2Stream {
    const stream = this.session.request(headers, { endStream: false, ...options });
    stream.on('error', () => undefined);
    return stream;
  }

  async ask(path: string, headers: OutgoingHttpHeaders = {}, body?: string | Buffer): Promise<Http2Answer> {
    const stream = this.open({ ':path': path, ...headers }, { endStream: body === undefined });
    if (body !== undefined) stream.end(body);
    return await readAnswer(stream);
  }

  /** A WebSocket as a stream of frames; resolves with the status of the answer. */
  async openWebSocket(
    path: string,
    headers: OutgoingHttpHeaders = {},
  ): Promise<{ stream: ClientHttp2Stream; status: number; headers: IncomingHttpHeaders }> {
    const stream = this.open({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': path,
      'sec-websocket-version': '13',
      ...headers,
    });
    const answered = Promise.withResolvers<IncomingHttpHeaders>();
    stream.once('response', answered.resolve);
    stream.once('close', () => answered.reject(new Error(`the stream was closed: ${stream.rstCode}`)));
    const answer = await answered.promise;
    return { stream, status: Number(answer[':status']), headers: answer };
  }
}

/** Reads the whole of what a stream brings; a reset is an end, too. */
export async function readAnswer(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const chunks: Buffer[] = [];
  const interim: IncomingHttpHeaders[] = [];
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  stream.on('headers', (head) => void interim.push(head));
  stream.on('response', (head) => (headers = head));
  stream.on('trailers', (fields) => (trailers = fields));
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once('close', resolve);
  await promise;
  const { rstCode } = stream;
  const status = Number(headers[':status'] ?? 0);
  return { status, headers, trailers, interim, body: Buffer.concat(chunks), rstCode };
}

/** One frame of a WebSocket client, with a mask of zeros. */
export function clientFrame(opcode: number, payload: Buffer): Buffer {
  const head = Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]);
  return Buffer.concat([head, payload]);
}
