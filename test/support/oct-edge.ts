/**
 * An Open Collaboration adapter behind a tiny HTTP server, which does what the front door and the edge's
 * frame would do: metadata, validation of logins, the key of a request. Counts connections like the edge.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createServer } from '#shared/node-http.ts';
import type { ErrorCode } from '#shared/errors.ts';
import { parseAffinityKey } from '#shared/ids.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { silentLog } from '#shared/log.ts';
import { Metrics } from '#shared/metrics.ts';
import { SessionTokens, decodeSessionKey } from '#shared/session-token.ts';
import { loadSettings } from '#shared/settings/load.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { offerConnection } from '../../edge/upgrade-offer.ts';
import type { Adapter, AdmittedExchange } from '../../edge/adapter.ts';
import type { GapCode } from '../../edge/core/outbox.ts';
import { RulesDesk } from '../../edge/rules-desk.ts';
import { createOctAdapter } from '../../edge/oct/adapter.ts';
import { MemoryRosters } from './memory-rosters.ts';

export const testSecret = 'a secret for tests only';

/** Starts an edge that ends with the test; edges may share a store, in which the one with the higher epoch is the owner. */
export async function startOctEdge(
  t: TestContext,
  overrides: Partial<Settings> = {},
  { rosters = new MemoryRosters(), epoch = 1 }: { rosters?: MemoryRosters; epoch?: number } = {},
): Promise<OctEdge> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  await promise;
  const edge = new OctEdge(server, testSettings(overrides), { rosters, epoch });
  t.after(async () => await edge.close());
  return edge;
}

/** Settings of an edge in tests; `overrides` may go below the bounds that administrators have. */
function testSettings(overrides: Partial<Settings>): Settings {
  const env = { CT_LOCATOR: 'none', CT_JOIN_TOKEN: testSecret, CT_SESSION_SECRET: testSecret };
  const loaded = loadSettings({ role: 'edge', env });
  if (loaded.kind === 'invalid') throw new Error(loaded.faults.join('; '));
  return { ...loaded.settings, ...overrides };
}

export class OctEdge {
  readonly url: string;
  readonly tokens = new SessionTokens(testSecret, 1);
  readonly metrics = new Metrics('ct_edge_');
  /** Whether it may open one more session. */
  hasCapacity = true;
  /** Requests for which this is true get no answer but a closed connection. */
  refuses: (request: IncomingMessage) => boolean = () => false;
  readonly #server: Server;
  readonly #settings: Settings;
  readonly #open = new Map<AffinityKey, number>();
  readonly #sockets = new Set<Socket>();
  #skewMs = 0;
  #epoch: number;
  #adapter: Adapter;

  /** As front doors would tell them. */
  readonly rules: RulesDesk;
  readonly rosters: MemoryRosters;

  constructor(
    server: Server,
    settings: Settings,
    { rosters, epoch }: { rosters: MemoryRosters; epoch: number },
  ) {
    this.rosters = rosters;
    this.rules = new RulesDesk(settings);
    this.#epoch = epoch;
    const { port } = server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}`;
    this.#server = server;
    this.#settings = settings;
    this.#adapter = this.#createAdapter();
    server.on('request', (request, response) => void this.#answer(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('upgrade', (request, socket, head) => {
      const exchange = this.#admit(request);
      if (this.refuses(request) || exchange === undefined) socket.destroy();
      else this.#adapter.handleUpgrade(exchange, request, offerConnection({ socket, head }, ''));
    });
  }

  get adapter(): Adapter {
    return this.#adapter;
  }

  /** Connections that a key has, as the adapter tells it. */
  openConnections(key: string): number {
    return this.#open.get(key as AffinityKey) ?? 0;
  }

  /** How often the edge has refused something with this code. */
  async refusals(code: ErrorCode): Promise<number> {
    return await this.#countOf(`ct_edge_refused_total{code="${code}"}`);
  }

  /** How often a member came back with a gap, for this reason or for any. */
  async gaps(code: GapCode | '' = ''): Promise<number> {
    return await this.#countOf(`ct_edge_gaps_total{code="${code}`);
  }

  /** How often a member came back without one. */
  async resumes(): Promise<number> {
    return await this.#countOf('ct_edge_resumes_total');
  }

  /** Sessions that the store does not have as they are, as the adapter tells it with its clock. */
  async rostersBehind(): Promise<number> {
    return await this.#countOf('ct_edge_rosters_behind');
  }

  /** Messages that members sent and the edge has taken in, over all restarts. */
  async messagesIn(): Promise<number> {
    return await this.#countOf('ct_edge_messages_total{adapter="oct",direction="in"}');
  }

  /** Lets the adapter's clock run ahead. */
  advance(ms: number): void {
    this.#skewMs += ms;
  }

  /** Goes on with a new adapter, which knows nothing, and stops the old one as for an update. */
  async restart(): Promise<void> {
    const old = this.#adapter;
    this.#adapter = this.#createAdapter();
    await old.close();
  }

  /** Goes on as another edge would after this one died: connections break, and what is left is what was stored. */
  async crash(): Promise<void> {
    const old = this.#adapter;
    for (const socket of this.#sockets) socket.destroy();
    for (const { key } of old.listSessions()) old.dropSession(key, 'fenced');
    this.#epoch++;
    this.#adapter = this.#createAdapter();
    await old.close();
  }

  /** Lets a session go and goes on with it, as an old and a new edge would; requests of its connections go on meanwhile. */
  async handOver(key: string): Promise<void> {
    const session = key as AffinityKey;
    await this.#adapter.bringToRest(session);
    const bytes = await this.#adapter.handOver(session);
    const next = ++this.#epoch as Epoch;
    const exchange = { key: session, epoch: next, exchangeId: 'test-move', target: '/' };
    if (bytes !== undefined) this.#adapter.prepareAdoption(bytes)(exchange);
  }

  async close(): Promise<void> {
    await this.#adapter.close();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    // Those that hang would answer a close only when the last of their deadlines has passed.
    for (const socket of this.#sockets) socket.destroy();
    await promise;
  }

  async #countOf(series: string): Promise<number> {
    const lines = (await this.metrics.render()).split('\n').filter((line) => line.startsWith(series));
    return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  #admit(request: IncomingMessage): AdmittedExchange | undefined {
    const key = keyOf(request);
    const epoch = this.#epoch as Epoch;
    return key && { key, epoch, exchangeId: 'test-exchange', target: targetOf(request) };
  }

  #createAdapter(): Adapter {
    const count = (key: AffinityKey, by: number): void =>
      void this.#open.set(key, this.openConnections(key) + by);
    return createOctAdapter({
      rules: this.rules,
      settings: this.#settings,
      tokens: this.tokens,
      metrics: this.metrics,
      log: silentLog(),
      hasCapacity: () => this.hasCapacity,
      rosters: this.rosters,
      activity: {
        opened: (key) => count(key, 1),
        closed: (key) => count(key, -1),
        isOver: () => false,
      },
      now: () => performance.now() + this.#skewMs,
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.refuses(request)) return void request.socket.destroy();
    const [path] = targetOf(request).split('?', 1);
    if (path === '/api/meta') {
      return answerJson(response, { owner: 'test', version: '0.3.0', transports: ['socket.io'] });
    }
    if (path === '/api/login/validate') {
      const token = String(request.headers['x-oct-jwt']);
      const user = await this.tokens.verifyLogin(token).catch(() => undefined);
      return answerJson(response, { valid: user !== undefined });
    }
    const exchange = this.#admit(request);
    if (exchange === undefined || !this.#adapter.claims(exchange.target))
      return void response.writeHead(404).end();
    this.#adapter.handleRequest(exchange, request, response);
  }
}

function answerJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function targetOf(request: IncomingMessage): string {
  return request.url!.replace(/^\/~[^/]+/, '');
}

/** The key by the evidence that clients give: header, path, sid, token; a new one for a create without any. */
function keyOf(request: IncomingMessage): AffinityKey | undefined {
  const target = targetOf(request);
  const token = request.headers['x-oct-jwt'];
  const evidence = [
    request.headers['ctstickiness'],
    /^\/~([^/]+)/.exec(request.url!)?.[1],
    /^\/api\/session\/join\/([^/?]+)/.exec(target)?.[1],
    /^\/api\/session\/poll\/([^/?]+)\./.exec(target)?.[1],
    /[?&]sid=([^&]+)~[^~&]*/.exec(target)?.[1],
    typeof token === 'string' ? decodeSessionKey(token) : undefined,
    target.startsWith('/api/session/create') ? randomBytes(16).toString('hex') : undefined,
  ];
  const text = evidence.find((value) => typeof value === 'string');
  return parseAffinityKey(text ?? '');
}
