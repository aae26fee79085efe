/**
 * A process of an edge: the product's own parts, joined as `edge/main.ts` joins them, with sockets, store and timers
 * of the simulation. It can be killed, frozen, and told to stop.
 */
import type { EdgeId } from '#shared/ids.ts';
import type { Log, LogFacts } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { SessionTokens } from '#shared/session-token.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { timing } from '#shared/timing.ts';
import { AdminDesk } from '../../edge/admin-desk.ts';
import type { Adapter } from '../../edge/adapter.ts';
import { KeyRegistry } from '../../edge/core/key-registry.ts';
import { activityOn } from '../../edge/key-activity.ts';
import type { OpenControlSocket } from '../../edge/control-socket.ts';
import { listSmallestFirst, sumLoads } from '../../edge/load-sampler.ts';
import { Membership } from '../../edge/membership.ts';
import { MoveDesk } from '../../edge/move-desk.ts';
import { createOctAdapter } from '../../edge/oct/adapter.ts';
import { EdgeServer } from '../../edge/server.ts';
import type { DocumentStore } from '../../edge/store/document-store.ts';
import type { RosterStore } from '../../edge/store/roster-store.ts';
import { createYAdapter } from '../../edge/y/adapter.ts';
import type { Ledger } from './ledger.ts';
import { watchHandovers } from './session-checks.ts';
import { SimGateway } from './sim-gateway.ts';
import { simMetrics, simPass, simTokens } from './stand-ins.ts';
import { SimWebSockets } from './y-socket.ts';
import type { Listener } from './upstream.ts';
import type { Verdict } from './verdict.ts';
import type { SimProcess } from './virtual-time.ts';

interface EdgeOptions {
  readonly process: SimProcess;
  readonly id: EdgeId;
  readonly address: string;
  readonly locators: readonly string[];
  readonly locatorsAreLocal: boolean;
  readonly settings: Settings;
  readonly documents: DocumentStore;
  readonly rosters: RosterStore;
  readonly ledger: Ledger;
  readonly verdict: Verdict;
  readonly openSocket: OpenControlSocket;
  readonly onLog: (event: string, facts: LogFacts) => void;
  readonly random: () => number;
  /** The process ends by itself. */
  readonly onExit: () => void;
  readonly newBootId: () => string;
}

const keyForgetMs = timing.pinLingerMs + 60_000;
const noteSessionsDelayMs = 50;
const stopGraceMs = 8_000;

export class SimEdge implements Listener {
  readonly name: string;
  readonly process: SimProcess;
  readonly server: EdgeServer;
  readonly adapters: readonly Adapter[];
  readonly membership: Membership;
  readonly registry = new KeyRegistry(keyForgetMs);
  readonly #options: EdgeOptions;
  readonly #moves: MoveDesk;
  #isStopping = false;
  #noting: NodeJS.Timeout | undefined;

  constructor(options: EdgeOptions) {
    const { id, settings, documents, rosters, ledger } = options;
    this.#options = options;
    this.name = id;
    this.process = options.process;
    const log = hearLog(options.onLog);
    const metrics: Metrics = simMetrics;
    const tokens: SessionTokens = simTokens;
    const hasCapacity = (): boolean => true;
    const { registry } = this;
    const activity = activityOn({ registry, nowMs, onChanged: () => this.#noteSessions() });
    const shared = { settings, log, metrics, activity, hasCapacity, now: nowMs };
    this.adapters = [
      createOctAdapter({
        ...shared,
        tokens,
        rosters,
        openGateway: (gateway) => new SimGateway({ ...gateway, ledger }),
      }),
      createYAdapter({ ...shared, documents, websockets: new SimWebSockets() }),
    ];
    watchHandovers(this.adapters[0]!, settings, options.verdict);
    this.#moves = new MoveDesk({ adapters: this.adapters, registry: this.registry, log, nowMs });
    this.server = new EdgeServer({
      place: { host: '127.0.0.1', port: 0 },
      adapters: this.adapters,
      registry: this.registry,
      moves: this.#moves,
      administration: new AdminDesk(this.adapters),
      handoff: undefined,
      context: () => ({
        pass: simPass,
        owner: this.membership.owner,
        mayServe: this.membership.mayServe,
        isStopping: this.#isStopping,
      }),
      health: () => ({}),
      metrics,
      log,
      nowMs,
    });
    this.membership = this.#openMembership(log);
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  start(): void {
    void this.membership.join();
  }

  /** As on SIGTERM, in the same order as `edge/main.ts`. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.membership.retire();
    await this.membership.evacuate(stopGraceMs);
    this.#isStopping = true;
    await Promise.all(this.adapters.map(async (adapter) => await adapter.close()));
    await this.membership.leave();
    this.#options.onExit();
  }

  #openMembership(log: Log): Membership {
    const { id, address, locators, locatorsAreLocal, openSocket, random, newBootId, onExit } = this.#options;
    return new Membership({
      id,
      locators,
      locatorsAreLocal,
      openSocket,
      identity: {
        address,
        adminAddress: '',
        version: 'sim',
        weight: 100,
        sessionsMax: 100,
        region: 'default',
        clusterHash: 'sim',
      },
      registry: this.registry,
      sampleLoad: () => {
        const { sessions, members, users, websockets, pollings, outboxBytes } = sumLoads(this.adapters);
        return {
          ...idleLoad,
          sessions,
          members,
          users,
          sockets: { websocket: websockets, polling: pollings },
          outboxBytes,
        };
      },
      isFull: () => false,
      orders: {
        listSessions: () => listSmallestFirst(this.adapters),
        forget: (key, epoch) => this.#moves.forget(key, epoch),
        fence: (key, epoch) => this.server.fence(key, epoch),
        stranded: (goneSinceMs) => this.#moves.sweep(goneSinceMs),
        takeRules: () => undefined,
        stop: () => void this.stop(),
        journalTaken: () => undefined,
        seats: { hear: () => undefined, forget: () => undefined, settle: () => undefined },
      },
      onLapsed: () => this.#dropAll(),
      onSuperseded: () => {
        this.#dropAll();
        onExit();
      },
      log,
      nowMs,
      random,
      newBootId,
    });
  }

  #dropAll(): void {
    for (const key of this.registry.keys()) this.server.dropSession(key, 'fenced');
    this.registry.distrust();
  }

  #noteSessions(): void {
    if (this.#noting !== undefined) return;
    this.#noting = setTimeout(() => {
      this.#noting = undefined;
      this.membership.noteSessions();
    }, noteSessionsDelayMs).unref();
  }
}

const idleLoad = {
  messagesPerSecond: 0,
  bytesPerSecond: 0,
  eventLoopDelayMs: { p50: 0, p99: 0, max: 0 },
  eventLoopUtilisation: 0,
  rssBytes: 0,
  heapUsedBytes: 0,
};

function nowMs(): number {
  return performance.now();
}

function hearLog(onLog: EdgeOptions['onLog'], fields: LogFacts = {}): Log {
  const write = (event: string, facts: LogFacts = {}): void => onLog(event, { ...fields, ...facts });
  return {
    write: (_level, event, facts) => write(event, facts),
    debug: () => undefined,
    info: write,
    warn: write,
    error: write,
    infoLine: () => undefined,
    exchangeLine: () => undefined,
    pass: () => undefined,
    hearDropped: () => undefined,
    setLevel: () => undefined,
    child: (more) => hearLog(onLog, { ...fields, ...more }),
    flush: () => Promise.resolve(),
  };
}
