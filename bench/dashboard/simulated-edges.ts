/**
 * Edges for a large pool in one process: each joins by the product's own control connection, reports a load that changes, and
 * answers exchanges; none runs a session. What a front door knows of them is what it knows of real ones.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hashClusterSettings } from '#shared/cluster-hash.ts';
import { controlProtocolVersion } from '#shared/control-protocol.ts';
import type { EdgeMessage } from '#shared/control-protocol.ts';
import { internalHeaders } from '#shared/internal-headers.ts';
import { silentLog } from '#shared/log.ts';
import { claimBuckets } from '#shared/claim-digest.ts';
import { ControlLink } from '../../edge/control-link.ts';
import { controlSocketOpener } from '../../edge/control-socket.ts';
import type { LinkOptions, ReportContent } from '../../edge/control-link.ts';
import { defaultSettings } from '../../test/support/default-settings.ts';

type Order = Parameters<LinkOptions['onOrder']>[1];

const reportIntervalMs = 1_000;

interface SimulatedOptions {
  readonly count: number;
  readonly locator: string;
  /** The secret of sessions, too. */
  readonly joinToken: string;
}

export class SimulatedEdges {
  readonly #edges: SimulatedEdge[] = [];
  readonly #reporting: NodeJS.Timeout[] = [];

  static async open({ count, locator, joinToken }: SimulatedOptions): Promise<SimulatedEdges> {
    const all = new SimulatedEdges();
    for (let number = 1; number <= count; number++) {
      const edge = new SimulatedEdge(`edge-${number}`);
      all.#edges.push(edge);
      await edge.join(locator, joinToken);
      // As real ones, which do not all report in one moment.
      const timer = setTimeout(
        () => {
          all.#reporting.push(setInterval(() => edge.report(), reportIntervalMs));
        },
        (number * reportIntervalMs) / count,
      );
      all.#reporting.push(timer);
    }
    return all;
  }

  close(): void {
    for (const timer of this.#reporting) clearInterval(timer);
    for (const edge of this.#edges) edge.close();
  }
}

class SimulatedEdge {
  readonly #id: string;
  /** By key: the epoch that it came with. */
  readonly #sessions = new Map<string, number>();
  readonly #server: Server;
  #link: ControlLink | undefined;
  #lastEpoch = 0;

  constructor(id: string) {
    this.#id = id;
    this.#server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
      const epoch = Number(request.headers[internalHeaders.epoch] ?? 0);
      this.#sessions.set(String(request.headers[internalHeaders.key] ?? ''), epoch);
      this.#lastEpoch = Math.max(this.#lastEpoch, epoch);
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ edge: this.#id }));
    });
  }

  async join(locator: string, joinToken: string): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = this.#server.address() as AddressInfo;
    const bootId = randomUUID();
    const identity = {
      address: `http://127.0.0.1:${port}`,
      adminAddress: '',
      version: '0.1.0',
      weight: 100,
      sessionsMax: 2_000,
      region: 'default',
      clusterHash: hashClusterSettings({
        ...defaultSettings(),
        CT_JOIN_TOKEN: joinToken,
        CT_SESSION_SECRET: joinToken,
      }),
    };
    await new Promise<void>((resolve) => {
      this.#link = new ControlLink({
        target: { locator, address: undefined },
        openSocket: controlSocketOpener(joinToken),
        hello: () => ({
          type: 'hello',
          protocol: controlProtocolVersion,
          edgeId: this.#id,
          bootId,
          ...identity,
        }),
        onConnected: nothing,
        onWelcome: () => {
          this.report();
          resolve();
        },
        onClosed: nothing,
        onLease: nothing,
        onPromise: nothing,
        isLocal: false,
        onAbsent: nothing,
        onOrder: (link, order) => this.#answer(link, order),
        onSuccessor: nothing,
        onSuperseded: nothing,
        log: silentLog(),
        nowMs: () => performance.now(),
        random: Math.random,
      });
      this.#link.connect();
    });
  }

  report(): void {
    this.#link?.report(this.#content());
  }

  close(): void {
    void this.#link?.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Three people in a session; what they do goes up and down. */
  #content(): ReportContent {
    const sessions = this.#sessions.size;
    const sway = Math.random();
    return {
      state: 'ready',
      lastEpoch: this.#lastEpoch,
      idle: [],
      live: [],
      load: {
        sessions,
        members: sessions * 3,
        users: sessions * 3 - Math.floor(sway * 5) * Number(sessions > 2),
        sockets: { websocket: sessions * 3, polling: 0 },
        messagesPerSecond: sessions * 3 * sway,
        bytesPerSecond: sessions * 300 * sway,
        eventLoopDelayMs: { p50: 0.5 + sway, p99: 3 + sway, max: 10 + sway },
        eventLoopUtilisation: 0.2 + sway / 10,
        rssBytes: 100_000_000,
        heapUsedBytes: 50_000_000,
        outboxBytes: 1_000,
      },
    };
  }

  #answer(link: ControlLink, order: Order): void {
    const message = answerOf(order, this.#sessions);
    if (message !== undefined) link.tell(message);
  }
}

/** It claims nothing: a pool of this size is there to be looked at. */
function answerOf(order: Order, sessions: ReadonlyMap<string, number>): EdgeMessage | undefined {
  switch (order.type) {
    case 'digest-claims':
      return {
        type: 'digest',
        request: order.request,
        isServing: false,
        sums: Array.from({ length: claimBuckets }, () => 0),
      };
    case 'list-claims':
      return { type: 'claims', request: order.request, claims: [], isLast: true };
    case 'who-holds':
      return { type: 'holds', request: order.request, epoch: sessions.get(order.key) ?? 0, renewedAgoMs: 0 };
    case 'list-sessions':
      return { type: 'sessions', request: order.request, total: sessions.size, keys: [...sessions.keys()] };
    default:
      return undefined;
  }
}

function nothing(): void {
  // Nobody listens.
}
