/**
 * The wire alone, without gate, placement and settle: real client connections and upstream pools in this process, in front of
 * edges that a test writes. The key names the edge; each exchange's outcome is kept.
 */
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import { createServer as createHttpServer } from '#shared/node-http.ts';
import { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { errorTable, toAppError } from '#shared/errors.ts';
import { headerValues } from '../../proxy/core/header-list.ts';
import type { PiecewiseBody } from '../../proxy/wire/answer-body.ts';
import { ClientConnection } from '../../proxy/wire/client-connection.ts';
import type { ClientWire, Door } from '../../proxy/wire/client-connection.ts';
import type { RequestScanner } from '../../proxy/wire/request-head.ts';
import { RequestWire } from '../../proxy/wire/request-wire.ts';
import { aheadPerTurn } from '../../proxy/wire/bounds.ts';
import { TimerWheel } from '../../proxy/wire/timer-wheel.ts';
import { TurnQueue } from '../../proxy/wire/turn-queue.ts';
import type { UpstreamPool } from '../../proxy/wire/upstream-pool.ts';
import { NetSocket } from '../../proxy/wire/net-socket.ts';
import type { Acceptor, Listening, Transport } from '../../proxy/wire/transport.ts';
import { defaultSettings } from './default-settings.ts';
import { transportOf } from './each-transport.ts';
import { Upstreams } from '../../proxy/wire/upstreams.ts';
import type { ForwardOutcome, Wire } from '../../proxy/wire/wire.ts';

/** Of bodies that the scene takes for itself (OPTIONS). */
export const ownBodyMaxBytes = 1_000;

export class WireScene implements Door {
  readonly settings: Settings;
  /** Moves the clock of the deadlines. */
  clockAheadMs = 0;
  readonly wheel = new TimerWheel(() => performance.now() + this.clockAheadMs);
  readonly ahead = new TurnQueue(aheadPerTurn);
  readonly metrics = new Metrics('ct_proxy_');
  readonly secure = false;
  isStopping = false;
  readonly outcomes: ForwardOutcome[] = [];
  /** What OPTIONS is answered with; its own body where undefined. */
  ownBody: ((signal: AbortSignal) => PiecewiseBody) | undefined;
  readonly connections = new Set<ClientConnection>();
  readonly upstreams: Upstreams;
  readonly #edges: ReadonlyMap<string, string>;
  readonly #transport: Transport;
  #listening: Listening | undefined;

  constructor(t: TestContext, edges: Readonly<Record<string, string>>, settings: Partial<Settings> = {}) {
    this.settings = { ...defaultSettings(), ...settings };
    this.#edges = new Map(Object.entries(edges));
    this.#transport = transportOf(t);
    const { settings: all, wheel, metrics } = this;
    this.upstreams = new Upstreams({ settings: all, wheel, metrics, transport: this.#transport });
    const ticking = setInterval(() => this.wheel.tick(), this.wheel.tickMs);
    t.after(() => {
      clearInterval(ticking);
      this.#listening?.stop();
      for (const connection of this.connections) connection.destroy();
      this.upstreams.destroy();
    });
  }

  /** Listens for clients on a port of its own. */
  async listen(): Promise<number> {
    this.#listening = await this.#transport.listen('127.0.0.1', 0, (adopt) => this.#accept(adopt));
    return this.#listening.port;
  }

  /** A client in this process: each of its writes is one read of the wire. */
  openClient(): Duplex {
    const [client, near] = duplexPair();
    this.#accept((ears) => new NetSocket(near as Socket, ears));
    return client;
  }

  #accept(adopt: Parameters<Acceptor>[0]): void {
    this.connections.add(new ClientConnection(adopt, this));
  }

  pool(edge: string): UpstreamPool {
    return this.upstreams.pool(this.#edges.get(edge)!);
  }

  openWire(connection: ClientConnection, scanner: RequestScanner): ClientWire {
    return new RequestWire(connection, scanner, {
      upstreams: this.upstreams,
      door: this,
    });
  }

  noteRefusal(): void {
    // Nobody keeps a log here.
  }

  async conduct(wire: Wire): Promise<void> {
    const { headers, target, method } = wire.head;
    const framing = ['transfer-encoding', 'connection', 'expect', 'keep-alive'];
    const edit = (list: readonly string[]): { dropped: number[]; added: string } => ({
      dropped: list.flatMap((name, i) =>
        i % 2 === 0 && framing.includes(name.toLowerCase()) ? [i / 2] : [],
      ),
      added: '',
    });
    const plan = {
      exchangeId: '',
      address: this.#edges.get(headerValues(headers, 'ctstickiness')[0] ?? 'a')!,
      target,
      edit: edit(headers),
      editAnswer: edit,
      takesRefusals: false,
      client: { address: wire.peer.address, isSecure: false },
    };
    if (method === 'OPTIONS') return await this.#answerHere(wire);
    const outcome = await wire.forward(plan, () => undefined);
    this.outcomes.push(outcome);
    if (outcome.kind !== 'failed' || outcome.reached === 'client' || outcome.code === 'client-left') return;
    wire.answer(errorTable[outcome.code].status, {}, outcome.code);
  }

  /** As the front door does with what it answers by itself. */
  async #answerHere(wire: Wire): Promise<void> {
    if (this.ownBody !== undefined) {
      this.outcomes.push(await wire.answerPiecewise!(200, {}, this.ownBody(wire.signal)));
      return;
    }
    try {
      wire.answer(200, {}, await wire.readBody(ownBodyMaxBytes));
    } catch (error) {
      const { code } = toAppError(error);
      wire.answer(errorTable[code].status, {}, code);
    }
  }

  forget(connection: ClientConnection): void {
    this.connections.delete(connection);
  }
}

/** An edge by node:http, as a referee for what was meant; returns its address. */
export async function startHttpEdge(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createHttpServer(listener);
  t.after(() => server.closeAllConnections());
  return await listenOn(t, server);
}

/** An edge that is a function of its connections: `serve` gets each socket and its number. */
export async function startRawEdge(
  t: TestContext,
  serve: (socket: Socket, number: number) => void,
): Promise<string> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    serve(socket, count++);
  });
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  return await listenOn(t, server);
}

async function listenOn(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Gathers what a stream gives; `text` is latin1. */
export class Gathered {
  text = '';
  hasEnded = false;

  constructor(stream: Duplex) {
    stream.on('data', (chunk: Buffer) => (this.text += chunk.toString('latin1')));
    stream.on('end', () => (this.hasEnded = true));
    stream.on('close', () => (this.hasEnded = true));
    stream.on('error', () => (this.hasEnded = true));
  }
}
