/**
 * The Socket.IO side: takes handshakes in, verifies them, and hands over sockets of members. Knows every
 * connection of a key from its first byte, so that none survives the edge's right to the session.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server as Engine } from 'engine.io';
import type { Socket as EngineSocket } from 'engine.io';
import { Server as SocketServer } from 'socket.io';
import type { Namespace, Socket } from 'socket.io';
import { AppError, toAppError } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { SessionTokens } from '#shared/session-token.ts';
import type { AdmittedExchange } from '../adapter.ts';
import type { UpgradeOffer } from '../upgrade-offer.ts';
import { admitMember } from './handshake.ts';
import type { Admission } from './handshake.ts';
import { heartbeatOf } from './heartbeat.ts';
import { holdOf } from './sender-brake.ts';
import { stopConnections } from './planned-stop.ts';
import { createResumeAdapter, nameStream } from './resume.ts';
import type { ResumeCheck } from './resume.ts';
import { closeTransport, cutTransport, isWebSocket, onOversizedMessage } from './transport.ts';
import { OutletServer } from '../outlet-server.ts';
import { gatherWrites } from './turn-writes.ts';

/** A dead connection is noticed after 15 s at most: half of what clients and guests' grace allow. */
const pingIntervalMs = 5_000;
const pingTimeoutMs = 10_000;
/** A connection without a verified token is closed after this. */
const connectTimeoutMs = 10_000;
const sidRandomBytes = 18;

/** Makes the session ready for a member with a verified token, and throws where it may not come in. */
type Expectation = (socket: Socket, exchange: AdmittedExchange, admission: Admission) => Promise<void>;
type ConnectionHandler = (socket: Socket, exchange: AdmittedExchange, admission: Admission) => void;

export interface GatewayOptions {
  readonly messageMaxBytes: number;
  readonly tokens: SessionTokens;
  readonly expect: Expectation;
  readonly canResume: ResumeCheck;
  /** Whether the session is about to go on at another edge, or nowhere. */
  readonly isFrozen: (key: AffinityKey) => boolean;
  /** Called synchronously when a socket is connected: listeners attached later would miss messages. */
  readonly onConnection: ConnectionHandler;
  readonly onRefusal: (code: ErrorCode, exchange: AdmittedExchange) => void;
}

/** Who is refused a seat has no session to go on with: the client is told why, and does not come again by itself. */
const saidToNewcomers: ReadonlySet<ErrorCode> = new Set([
  'licence-full',
  'licence-expired',
  'licence-unknown',
]);

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #engine: Engine;
  readonly #exchanges = new WeakMap<IncomingMessage, AdmittedExchange>();
  readonly #admissions = new WeakMap<Socket, Admission>();
  readonly #connections = new Map<AffinityKey, Set<EngineSocket>>();

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#engine = this.#createEngine();
    const io = new SocketServer({
      serveClient: false,
      connectTimeout: connectTimeoutMs,
      cleanupEmptyChildNamespaces: true,
      // Tokens are verified at every return.
      connectionStateRecovery: { skipMiddlewares: false },
      adapter: createResumeAdapter(options.canResume),
    });
    io.bind(this.#engine);
    this.#serve(io.of('/'));
    // Clients take the namespace from the path of their server's URL.
    this.#serve(io.of(/^\/~[A-Za-z0-9._~-]{1,128}\/?$/));
  }

  handleRequest(exchange: AdmittedExchange, request: IncomingMessage, response: ServerResponse): void {
    this.#exchanges.set(request, exchange);
    response.once('finish', () => {
      if (response.statusCode === 413) this.#refuse('message-too-large', exchange);
    });
    const hold = request.method === 'POST' ? this.#holdOf(exchange.target) : undefined;
    if (hold === undefined) return this.#engine.handleRequest(request, response);
    // Its body is not read meanwhile.
    void hold.then(() => {
      if (!response.destroyed) this.#engine.handleRequest(request, response);
    });
  }

  /** Until when a client that polls has to wait, because it was too fast. */
  #holdOf(target: string): Promise<void> | undefined {
    const sid = /[?&]sid=([^&]*)/.exec(target)?.[1] ?? '';
    const conn = (this.#engine as unknown as { clients: Record<string, EngineSocket | undefined> }).clients[
      sid
    ];
    return conn === undefined ? undefined : holdOf(conn);
  }

  handleUpgrade(exchange: AdmittedExchange, request: IncomingMessage, offer: UpgradeOffer): void {
    this.#exchanges.set(request, exchange);
    void offer.take().then((way) => {
      if (way !== undefined) this.#engine.handleUpgrade(request, way.socket, way.head);
    });
  }

  /** How many connections there are, by transport. */
  countConnections(): { websockets: number; pollings: number } {
    const all = this.#allConnections();
    const websockets = all.filter(isWebSocket).length;
    return { websockets, pollings: all.length - websockets };
  }

  /** Closes all connections of a key, also those that have not shown a token yet. */
  closeKey(key: AffinityKey, closeCode: number): void {
    for (const conn of this.#connections.get(key) ?? []) closeTransport(conn, closeCode);
  }

  /** Ends all connections so that clients come back and nothing that they have sent is lost. */
  async stop(): Promise<void> {
    await stopConnections(() => this.#allConnections());
    this.#engine.close();
  }

  /** Ends the connections of one key in the same way. */
  async stopKey(key: AffinityKey): Promise<void> {
    await stopConnections(() => [...(this.#connections.get(key) ?? [])]);
  }

  /** Ends what is left of a key at once, handshakes that are under way included. */
  cutKey(key: AffinityKey): void {
    for (const conn of this.#connections.get(key) ?? []) cutTransport(conn);
  }

  #allConnections(): EngineSocket[] {
    return [...this.#connections.values()].flatMap((connections) => [...connections]);
  }

  #createEngine(): Engine {
    const engine = new Engine({
      wsEngine: OutletServer,
      maxHttpBufferSize: this.#options.messageMaxBytes,
      pingInterval: pingIntervalMs,
      pingTimeout: pingTimeoutMs,
      // Content is encrypted: it does not get any smaller.
      perMessageDeflate: false,
      httpCompression: false,
      cors: { origin: true, credentials: true, methods: ['GET', 'POST'] },
    });
    engine.generateId = (request) =>
      `${this.#exchangeOf(request).key}~${randomBytes(sidRandomBytes).toString('base64url')}`;
    engine.on('connection', (conn: EngineSocket) => this.#remember(conn));
    return engine;
  }

  #remember(conn: EngineSocket): void {
    const exchange = this.#exchangeOf(conn.request);
    const { key } = exchange;
    // Now, so that it counts every ping.
    heartbeatOf(conn);
    gatherWrites(conn);
    onOversizedMessage(conn, () => this.#refuse('message-too-large', exchange));
    const connections = this.#connections.get(key) ?? new Set();
    this.#connections.set(key, connections.add(conn));
    conn.once('close', () => {
      connections.delete(conn);
      if (connections.size === 0) this.#connections.delete(key);
    });
  }

  #serve(namespace: Pick<Namespace, 'use' | 'on'>): void {
    namespace.use((socket, next) => void this.#admit(socket, next));
    namespace.on('connection', (socket) => {
      this.#options.onConnection(socket, this.#exchangeOf(socket.request), this.#admissions.get(socket)!);
    });
  }

  /** A client that is refused here never tries again, so only what cannot get better is refused. */
  async #admit(socket: Socket, next: (refusal?: AppError) => void): Promise<void> {
    const exchange = this.#exchangeOf(socket.request);
    try {
      await this.#verify(socket);
      if (this.#options.isFrozen(exchange.key)) throw new AppError('edge-leaving');
      next();
    } catch (error) {
      const refusal = toAppError(error);
      this.#refuse(refusal.code, exchange);
      if (refusal.entry.retry === 'never' || saidToNewcomers.has(refusal.code)) return next(refusal);
      // Without an answer: one that is let in says at once all that it has kept, and it would end with the connection.
      closeTransport(socket.conn, refusal.entry.closeCode);
    }
  }

  async #verify(socket: Socket): Promise<void> {
    const exchange = this.#exchangeOf(socket.request);
    const { key } = exchange;
    const name = socket.nsp.name;
    if (name !== '/' && name !== `/~${key}` && name !== `/~${key}/`) throw new AppError('key-conflict');
    const admission = await admitMember(socket.request.headers, key, this.#options.tokens);
    await this.#options.expect(socket, exchange, admission);
    this.#admissions.set(socket, admission);
    nameStream(socket, key, this.#options.canResume);
  }

  #refuse(code: ErrorCode, exchange: AdmittedExchange): void {
    this.#options.onRefusal(code, exchange);
  }

  /** The exchange that opened a connection; every request comes in through this class. */
  #exchangeOf(request: IncomingMessage): AdmittedExchange {
    return this.#exchanges.get(request)!;
  }
}
