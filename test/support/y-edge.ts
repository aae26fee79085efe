/**
 * A y-websocket adapter over a real document store, behind a tiny HTTP server that does what the edge's
 * frame would do. Everything ends with the test: clients, adapter, store, server, file.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createServer } from '#shared/node-http.ts';
import { parseAffinityKey } from '#shared/ids.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { silentLog } from '#shared/log.ts';
import { Metrics } from '#shared/metrics.ts';
import { loadSettings } from '#shared/settings/load.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { offerConnection } from '../../edge/upgrade-offer.ts';
import type { Adapter, AdmittedExchange } from '../../edge/adapter.ts';
import type { DocumentStore } from '../../edge/store/document-store.ts';
import { openSqliteDocuments } from '../../edge/store/sqlite-documents.ts';
import { createYAdapter } from '../../edge/y/adapter.ts';

const secret = 'a secret for tests only';

/** A path for a document store that is removed with the test. */
export async function temporaryStorePath(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'mooring-y-'));
  t.after(async () => await rm(directory, { recursive: true, force: true }));
  return join(directory, 'documents.sqlite');
}

export interface YEdgeOptions {
  readonly path?: string;
  /** These may go below the bounds that administrators have. */
  readonly settings?: Partial<Settings>;
}

export async function startYEdge(t: TestContext, options: YEdgeOptions = {}): Promise<YEdge> {
  const settings = testSettings(options.settings ?? {});
  const path = options.path ?? (await temporaryStorePath(t));
  const store = await openSqliteDocuments(path);
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  await promise;
  const edge = new YEdge({ server, store, path, settings });
  t.after(async () => await edge.close());
  return edge;
}

function testSettings(overrides: Partial<Settings>): Settings {
  const env = { CT_LOCATOR: 'none', CT_JOIN_TOKEN: secret, CT_SESSION_SECRET: secret };
  const loaded = loadSettings({ role: 'edge', env });
  if (loaded.kind === 'invalid') throw new Error(loaded.faults.join('; '));
  return { ...loaded.settings, ...overrides };
}

interface Parts {
  readonly server: Server;
  readonly store: DocumentStore;
  readonly path: string;
  readonly settings: Settings;
}

export class YEdge {
  /** `ws://HOST:PORT` */
  readonly url: string;
  readonly path: string;
  readonly metrics = new Metrics('ct_edge_');
  /** Whether it may open one more session. */
  hasCapacity = true;
  /** Epoch of exchanges from now on. */
  epoch = 1;
  readonly #parts: Parts;
  readonly #open = new Map<AffinityKey, number>();
  #store: DocumentStore;
  #adapter: Adapter;

  constructor(parts: Parts) {
    const { port } = parts.server.address() as AddressInfo;
    this.url = `ws://127.0.0.1:${port}`;
    this.path = parts.path;
    this.#parts = parts;
    this.#store = parts.store;
    this.#adapter = this.#createAdapter();
    parts.server.on('request', (request, response) => {
      const exchange = this.#admit(request);
      if (exchange === undefined) response.writeHead(404).end();
      else this.#adapter.handleRequest(exchange, request, response);
    });
    parts.server.on('upgrade', (request, socket, head) => {
      const exchange = this.#admit(request);
      if (exchange === undefined) socket.destroy();
      else this.#adapter.handleUpgrade(exchange, request, offerConnection({ socket, head }, ''));
    });
  }

  get adapter(): Adapter {
    return this.#adapter;
  }

  get store(): DocumentStore {
    return this.#store;
  }

  /** Connections that a key has, as the adapter tells it. */
  openConnections(key: string): number {
    return this.#open.get(key as AffinityKey) ?? 0;
  }

  /** How often a code was counted as refused. */
  async countRefused(code: string): Promise<number> {
    const text = await this.metrics.render();
    const line = text.split('\n').find((line) => line.startsWith(`ct_edge_refused_total{code="${code}"}`));
    return Number(line?.split(' ')[1] ?? 0);
  }

  /** Stops as for an update and goes on in a new epoch with a new adapter and a store opened anew. */
  async restart(): Promise<void> {
    await this.#adapter.close();
    await this.#store.close();
    this.#store = await openSqliteDocuments(this.path);
    this.epoch++;
    this.#adapter = this.#createAdapter();
  }

  async close(): Promise<void> {
    await this.#adapter.close();
    await this.#store.close();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#parts.server.close(() => resolve());
    this.#parts.server.closeAllConnections();
    await promise;
  }

  #createAdapter(): Adapter {
    const count = (key: AffinityKey, by: number): void =>
      void this.#open.set(key, this.openConnections(key) + by);
    return createYAdapter({
      settings: this.#parts.settings,
      metrics: this.metrics,
      log: silentLog(),
      hasCapacity: () => this.hasCapacity,
      documents: this.#store,
      activity: {
        opened: (key) => count(key, 1),
        closed: (key) => count(key, -1),
        isOver: () => false,
      },
      now: () => performance.now(),
    });
  }

  #admit(request: IncomingMessage): AdmittedExchange | undefined {
    const header = request.headers['ctstickiness'];
    const text = typeof header === 'string' ? header : /^\/y\/([^/?]+)/.exec(request.url!)?.[1];
    const key = parseAffinityKey(text ?? '');
    if (key === undefined || !this.#adapter.claims(request.url!)) return undefined;
    return { key, epoch: this.epoch as Epoch, exchangeId: 'test-exchange', target: request.url! };
  }
}
