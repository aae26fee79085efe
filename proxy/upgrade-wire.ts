/**
 * The wire of upgrades: the handshake by node:http, then raw bytes. The edge's answer to the handshake is
 * passed on whatever it is; after a 101 both sockets are joined until they close.
 */
import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { STATUS_CODES } from 'node:http';
import { errors } from 'undici';
import { AppError } from '#shared/errors.ts';
import { internalHeaders } from '#shared/internal-headers.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { endGently } from './client-connection.ts';
import { headerValues } from './core/header-list.ts';
import type { HeaderList } from './core/header-list.ts';
import type { RequestHead } from './core/request-gate.ts';
import { plainAddress } from './http-wire.ts';
import { joinSockets } from './tunnel.ts';
import { judgeFailure } from './upstream.ts';
import type { ForwardOutcome, ForwardPlan, Wire } from './wire.ts';

const nothing = { up: 0, down: 0 };
/** An edge that ends its half may still be sent to; Node's types do not know that requests pass the option on. */
const halfOpen = { allowHalfOpen: true };
/** An answer other than 101 is small: an error text. */
const refusalBodyMaxBytes = 65_536;

export class UpgradeWire implements Wire {
  readonly kind = 'upgrade';
  readonly hasBody = false;
  readonly head: RequestHead;
  readonly peer: Wire['peer'];
  readonly #socket: Duplex;
  readonly #early: Buffer;
  readonly #settings: Settings;
  readonly #left = new AbortController();
  readonly #leave = (): void => this.#left.abort();

  constructor(
    request: IncomingMessage,
    socket: Duplex,
    early: Buffer,
    options: { settings: Settings; secure: boolean },
  ) {
    this.#socket = socket;
    this.#early = early;
    this.#settings = options.settings;
    this.head = {
      method: request.method ?? '',
      target: request.url ?? '',
      httpVersion: request.httpVersion,
      headers: request.rawHeaders,
      isUpgrade: true,
    };
    this.peer = { address: plainAddress(request.socket.remoteAddress), secure: options.secure };
    socket.on('error', this.#leave);
    socket.on('close', this.#leave);
    // Nobody reads yet, and the socket outlives its half close: a client that is gone shows as this alone.
    socket.on('end', this.#leave);
  }

  get signal(): AbortSignal {
    return this.#left.signal;
  }

  answer(status: number, headers: Readonly<Record<string, string>>, body: string): void {
    const flat = Object.entries(headers)
      .filter(([name]) => name !== 'connection')
      .flat();
    const length = String(Buffer.byteLength(body));
    const kept = [...flat, 'content-length', length, 'connection', 'close'];
    endGently(this.#socket, formatHead(status, kept) + body);
  }

  readBody(): Promise<string> {
    return Promise.resolve('');
  }

  async forward(plan: ForwardPlan, onAnswer: () => void): Promise<ForwardOutcome> {
    const handshake = await this.#shakeHands(plan);
    switch (handshake.kind) {
      case 'failed':
        if (this.signal.aborted) this.#socket.destroy();
        return handshake;
      case 'declined':
        return await this.#passRefusal(handshake.response, plan, onAnswer);
      case 'agreed': {
        onAnswer();
        const { response, socket, early } = handshake;
        this.#socket.write(formatHead(101, plan.answerHeaders(response.rawHeaders)));
        if (early.length > 0) this.#socket.write(early);
        if (this.#early.length > 0) socket.write(this.#early);
        const end = await joinSockets(this.#socket, socket, this.#settings.CT_TUNNEL_IDLE_TIMEOUT_MS);
        const bytes = { up: end.bytes.up + this.#early.length, down: end.bytes.down + early.length };
        return { kind: 'answered', status: 101, bytes };
      }
    }
  }

  async #shakeHands(plan: ForwardPlan): Promise<Handshake> {
    return await new Promise<Handshake>((resolve) => {
      const request = this.#openRequest(plan);
      const fail = (error: unknown): void => {
        const judged =
          error instanceof AppError
            ? { code: error.code, reached: 'upstream' as const }
            : judgeFailure(error);
        settle({ kind: 'failed', cause: error, bytes: nothing, ...judged });
      };
      const connectTimer = setTimeout(() => {
        if (request.socket?.connecting !== false) request.destroy(new errors.ConnectTimeoutError());
      }, this.#settings.CT_CONNECT_TIMEOUT_MS);
      const answerTimer = setTimeout(
        () => request.destroy(new AppError('upstream-timeout')),
        this.#settings.CT_FIRST_BYTE_TIMEOUT_MS,
      );
      const onLeft = (): void => void request.destroy(new AppError('client-left'));
      const settle = (handshake: Handshake): void => {
        clearTimeout(connectTimer);
        clearTimeout(answerTimer);
        this.signal.removeEventListener('abort', onLeft);
        resolve(handshake);
      };
      this.signal.addEventListener('abort', onLeft);
      request.once('upgrade', (response, socket, early) =>
        settle({ kind: 'agreed', response, socket, early }),
      );
      request.once('response', (response) => settle({ kind: 'declined', response }));
      request.on('error', fail);
      if (this.signal.aborted) onLeft();
      request.end();
    });
  }

  #openRequest(plan: ForwardPlan): ClientRequest {
    const url = new URL(plan.address);
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return open({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port,
      method: this.head.method,
      path: plan.target,
      headers: plan.headers,
      agent: false,
      ...halfOpen,
      setHost: false,
    });
  }

  /** The edge said no: its answer goes to the client, unless it asks for another placement. */
  async #passRefusal(
    response: IncomingMessage,
    plan: ForwardPlan,
    onAnswer: () => void,
  ): Promise<ForwardOutcome> {
    const status = response.statusCode ?? 502;
    response.setTimeout(this.#settings.CT_BODY_IDLE_TIMEOUT_MS, () => response.destroy());
    try {
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of response as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > refusalBodyMaxBytes) throw new Error('the answer to the handshake is too large');
        chunks.push(chunk);
      }
      if (status === 421 && plan.takesRefusals) {
        return {
          kind: 'misdirected',
          refusal: headerValues(response.rawHeaders, internalHeaders.refusal)[0] ?? 'unnamed',
        };
      }
      onAnswer();
      const body = Buffer.concat(chunks);
      const kept = plan.answerHeaders(withoutLength(response.rawHeaders));
      const head = formatHead(status, [
        ...kept,
        'content-length',
        String(body.length),
        'connection',
        'close',
      ]);
      endGently(this.#socket, Buffer.concat([Buffer.from(head, 'latin1'), body]));
      return { kind: 'answered', status, bytes: { up: 0, down: body.length } };
    } catch (cause) {
      return { kind: 'failed', code: 'upstream-broken', reached: 'upstream', cause, bytes: nothing };
    }
  }
}

type Handshake =
  | { kind: 'agreed'; response: IncomingMessage; socket: Duplex; early: Buffer }
  | { kind: 'declined'; response: IncomingMessage }
  | (ForwardOutcome & { kind: 'failed' });

function withoutLength(headers: HeaderList): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() !== 'content-length') kept.push(headers[i]!, headers[i + 1]!);
  }
  return kept;
}

function formatHead(status: number, headers: HeaderList): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]!}: ${headers[i + 1]!}\r\n`;
  return `${head}\r\n`;
}
