/**
 * The wire of WebSockets over HTTP/2 (RFC 8441): an extended CONNECT becomes an upgrade of HTTP/1.1 at the edge, and after
 * its 101 the stream and the edge's connection are joined as raw bytes.
 */
import { createHash } from 'node:crypto';
import type { ServerHttp2Stream } from 'node:http2';
import { AppError } from '#shared/errors.ts';
import { internalHeaders } from '#shared/internal-headers.ts';
import { headerValues } from '../core/header-list.ts';
import type { HeaderList } from '../core/header-list.ts';
import type { RequestHead } from '../core/request-gate.ts';
import { HandedSocket } from '../wire/handed-socket.ts';
import { Handshake } from '../wire/handshake.ts';
import type { HandshakeEnd } from '../wire/handshake.ts';
import { Leaving, clientLeft } from '../wire/leaving.ts';
import { joinSockets } from '../wire/tunnel.ts';
import { keepTunnel } from '../wire/tunnel-end.ts';
import type { ForwardOutcome, ForwardPlan, JoinTunnel, Wire } from '../wire/wire.ts';
import { editedFields } from './answer-fields.ts';
import { ListedHead } from './listed-head.ts';
import { closeBehind, endAnswer, watchAnswer } from './stream-end.ts';
import { StreamSocket } from './stream-socket.ts';
import type { StreamOwner } from './stream-owner.ts';

const nothing = Buffer.alloc(0);
/** RFC 6455 section 1.3. */
const acceptGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export class ConnectWire extends Leaving implements Wire {
  readonly kind = 'upgrade';
  readonly hasBody = false;
  readonly head: RequestHead;
  readonly peer: Wire['peer'];
  readonly #stream: ServerHttp2Stream;
  readonly #owner: StreamOwner;
  readonly #onLeft = (): void => this.#leave();
  #handshake: Handshake | undefined;

  constructor(stream: ServerHttp2Stream, head: RequestHead, owner: StreamOwner) {
    super();
    this.#stream = stream;
    this.#owner = owner;
    this.head = head;
    this.peer = owner.peer;
    stream.once('aborted', this.#onLeft);
    stream.once('close', this.#onLeft);
  }

  answer(status: number, headers: Readonly<Record<string, string>>, body: string | Buffer): void {
    this.#owner.markServed(this.#stream);
    endAnswer(this.#stream, status, headers, body);
  }

  readBody(): Promise<string> {
    return Promise.resolve('');
  }

  async forward(plan: ForwardPlan, onAnswer: () => void): Promise<ForwardOutcome> {
    const end = await this.#shakeHands(plan);
    this.#handshake = undefined;
    switch (end.kind) {
      case 'failed':
        return end;
      case 'declined':
        return this.#passRefusal(end, plan, onAnswer);
      case 'agreed':
        return this.#agree(end, plan, onAnswer);
    }
  }

  async #shakeHands(plan: ForwardPlan): Promise<HandshakeEnd> {
    return await new Promise<HandshakeEnd>((resolve) => {
      const { settings, wheel, upstreams } = this.#owner;
      const { transport } = upstreams;
      const { origin } = upstreams.pool(plan.address);
      const scanner = new ListedHead(this.head);
      this.#handshake = new Handshake({ scanner, plan, settings, wheel, transport, origin, resolve });
      if (this.left === undefined) this.#handshake.start();
      else this.#handshake.abort(this.left);
    });
  }

  #agree(end: HandshakeEnd & { kind: 'agreed' }, plan: ForwardPlan, onAnswer: () => void): ForwardOutcome {
    const { handed } = end;
    const hasClosed = this.#stream.destroyed || this.#stream.closed;
    const failure = hasClosed ? clientLeft : (this.left ?? this.#acceptFault(end.headers));
    if (failure !== undefined) {
      handed.socket.destroy();
      const { code } = failure;
      return { kind: 'failed', code, reached: 'upstream', cause: failure, bytes: { up: 0, down: 0 } };
    }
    onAnswer();
    const stream = this.#stream;
    stream.off('aborted', this.#onLeft);
    stream.off('close', this.#onLeft);
    this.#owner.markServed(stream);
    stream.respond(editedFields(200, end.headers, plan.editAnswer(end.headers)));
    const { metrics } = this.#owner.upstreams;
    metrics.count('ct_proxy_upgrades_total', { carrier: 'front-door', reason: 'http2' });
    const client = new HandedSocket(new StreamSocket(stream, this.#owner.stall), nothing);
    return {
      kind: 'agreed',
      carrier: 'front-door',
      join: joinerOf(client, handed, plan.address, this.#owner),
    };
  }

  /** The client sees nothing of the edge's proof, which is judged here (RFC 8441 section 5). */
  #acceptFault(headers: HeaderList): AppError | undefined {
    const key = headerValues(this.head.headers, 'sec-websocket-key')[0] ?? '';
    const expected = createHash('sha1')
      .update(key + acceptGuid)
      .digest('base64');
    const [accept, more] = headerValues(headers, 'sec-websocket-accept');
    if (accept === expected && more === undefined) return undefined;
    return new AppError('upstream-broken', { facts: { reason: 'Sec-WebSocket-Accept is wrong' } });
  }

  /** The edge said no: its answer goes to the client, unless it asks for another placement. */
  #passRefusal(
    end: HandshakeEnd & { kind: 'declined' },
    plan: ForwardPlan,
    onAnswer: () => void,
  ): ForwardOutcome {
    if (end.status === 421 && plan.takesRefusals) {
      const refusal = headerValues(end.headers, internalHeaders.refusal)[0] ?? 'unnamed';
      return { kind: 'misdirected', refusal };
    }
    onAnswer();
    this.#owner.markServed(this.#stream);
    const stream = this.#stream;
    if (!stream.destroyed && !stream.closed) {
      stream.respond(editedFields(end.status, end.headers, plan.editAnswer(end.headers)));
      watchAnswer(stream);
      if (!stream.writableEnded) stream.end(end.body);
      closeBehind(stream);
    }
    return { kind: 'answered', status: end.status, bytes: { up: 0, down: end.body.length } };
  }

  #leave(): void {
    if (this.left !== undefined) return;
    const reason = clientLeft;
    this.noteLeft(reason);
    this.#handshake?.abort(reason);
  }
}

/** Apart from the wire, so that nothing of the handshake is kept in memory as long as the tunnel lasts. */
function joinerOf(
  client: HandedSocket,
  edge: HandedSocket,
  address: string,
  { wheel, settings, upstreams }: StreamOwner,
): JoinTunnel {
  const { tunnels } = upstreams.pool(address);
  const options = { wheel, idleMs: settings.CT_TUNNEL_IDLE_TIMEOUT_MS };
  return (tellBytes) =>
    keepTunnel(tunnels, tellBytes, (tellEnd) => joinSockets(client, edge, options, tellEnd));
}
