/** The edge's process: the only place where its parts meet. */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { openAdminServer } from '#shared/admin-server.ts';
import { hashClusterSettings } from '#shared/cluster-hash.ts';
import { deriveFleetSecrets } from '#shared/fleet-secrets.ts';
import type { EdgeId } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import { Metrics } from '#shared/metrics.ts';
import { announceReady, armProcessLife, onHangup } from '#shared/process-life.ts';
import { SessionTokens } from '#shared/session-token.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { ensureSecret } from '#shared/settings/secrets.ts';
import { assertTimingRelations, timing } from '#shared/timing.ts';
import { version } from '#shared/version.ts';
import { AdminDesk } from './admin-desk.ts';
import type { Adapter, AdapterLoad, TakeSeat } from './adapter.ts';
import { openDirectServer } from './direct-server.ts';
import { HandoffDesk } from './handoff/handoff-desk.ts';
import { HandoffPort } from './handoff/handoff-port.ts';
import { hasSessionCapacity } from './core/session-capacity.ts';
import { KeyRegistry } from './core/key-registry.ts';
import { activityOn } from './key-activity.ts';
import { controlSocketOpener } from './control-socket.ts';
import { addressOf, edgeIdOf, reachableHost } from './edge-address.ts';
import { openEdgeLog } from './edge-log.ts';
import { JournalDesk } from './journal-desk.ts';
import { LoadSampler, listSmallestFirst, sumLoads } from './load-sampler.ts';
import { resolveBySystem } from './locator-names.ts';
import { Membership } from './membership.ts';
import { MetricsDesk } from './metrics-desk.ts';
import { MoveDesk } from './move-desk.ts';
import { createOctAdapter } from './oct/adapter.ts';
import { RulesDesk } from './rules-desk.ts';
import { SeatDesk } from './seat-desk.ts';
import { EdgeServer } from './server.ts';
import { openStores } from './store/open-stores.ts';
import type { Stores } from './store/open-stores.ts';
import { createYAdapter } from './y/adapter.ts';

/** Idle keys outlive their pins here, so that a late exchange of an old epoch is still known as one. */
const keyForgetMs = timing.pinLingerMs + 60_000;

/** A change between `ready` and `full` is reported so long after the connection that made it. */
const noteSessionsDelayMs = 50;

/** Starts the edge; resolves when it has joined a front door and serves, rejects when it cannot start. */
export async function startEdge(settings: Settings): Promise<void> {
  assertTimingRelations();
  const id = edgeIdOf(settings);
  if (settings.CT_LOCATOR.includes('none')) {
    throw new Error('CT_LOCATOR: an edge needs the control address of a front door; none is not one');
  }
  mkdirSync(settings.CT_DATA_DIR, { recursive: true, mode: 0o700 });
  const journal = await JournalDesk.open(settings, id);
  const log = openEdgeLog(settings, id, journal.hear);
  log.info('process.starting', { version, message: `Mooring v${version}` });
  const edge = new Edge({ settings, id, log, journal, stores: await openStores(settings) });
  await edge.start();
}

interface EdgeParts {
  readonly settings: Settings;
  readonly id: EdgeId;
  readonly log: Log;
  readonly journal: JournalDesk;
  readonly stores: Stores;
}

class Edge {
  readonly #settings: Settings;
  readonly #id: EdgeId;
  readonly #log: Log;
  readonly #journal: JournalDesk;
  readonly #stores: Stores;
  readonly #metrics = new Metrics('ct_edge_');
  readonly #registry = new KeyRegistry(keyForgetMs);
  readonly #startedAtMs = performance.now();
  readonly #adapters: readonly Adapter[];
  readonly #rules: RulesDesk;
  readonly #sampler: LoadSampler;
  readonly #moves: MoveDesk;
  readonly #seats = new SeatDesk(() => this.#adapters);
  readonly #handoff = new HandoffDesk();
  readonly #server: EdgeServer;
  readonly #desk: MetricsDesk;
  #handoffPort: HandoffPort | undefined;
  #direct: Awaited<ReturnType<typeof openDirectServer>>;
  #membership: Membership | undefined;
  #admin: { port: number; close: () => void } | undefined;
  #isStopping = false;
  #noting: NodeJS.Timeout | undefined;

  constructor({ settings, id, log, journal, stores }: EdgeParts) {
    this.#settings = settings;
    this.#id = id;
    this.#log = log;
    this.#journal = journal;
    this.#stores = stores;
    log.hearDropped((lines) => this.#metrics.count('ct_edge_log_dropped_total', {}, lines));
    const hasCapacity = (): boolean =>
      hasSessionCapacity(sumLoads(this.#adapters).sessions, settings.CT_EDGE_SESSIONS_MAX);
    const activity = activityOn({
      registry: this.#registry,
      nowMs,
      onChanged: () => this.#noteSessions(),
    });
    const takeSeat: TakeSeat = async () => await this.#seats.take();
    const shared = { takeSeat, settings, log, metrics: this.#metrics, activity, hasCapacity, now: nowMs };
    const tokens = new SessionTokens(settings.CT_SESSION_SECRET, settings.CT_TOKEN_LIFETIME_HOURS);
    this.#rules = new RulesDesk(settings);
    this.#adapters = [
      createOctAdapter({ ...shared, tokens, rosters: stores.rosters, rules: this.#rules }),
      createYAdapter({ ...shared, documents: stores.documents }),
    ];
    this.#sampler = new LoadSampler(this.#adapters);
    this.#moves = new MoveDesk({ adapters: this.#adapters, registry: this.#registry, log, nowMs });
    const carriers = { adapters: this.#adapters, handoff: this.#handoff, moves: this.#moves };
    this.#desk = new MetricsDesk({ id, settings, metrics: this.#metrics, journal, log, ...carriers });
    const { pass } = deriveFleetSecrets(settings.CT_JOIN_TOKEN);
    this.#server = new EdgeServer({
      place:
        settings.CT_EDGE_SOCKET === ''
          ? { host: settings.CT_EDGE_HOST, port: settings.CT_EDGE_PORT }
          : { path: settings.CT_EDGE_SOCKET },
      adapters: this.#adapters,
      registry: this.#registry,
      moves: this.#moves,
      administration: new AdminDesk(this.#adapters),
      handoff: settings.CT_HANDOFF === 'off' ? undefined : this.#handoff,
      context: () => ({
        pass,
        owner: this.#membership?.owner,
        mayServe: this.#membership?.mayServe ?? false,
        isStopping: this.#isStopping,
      }),
      health: () => this.#health(),
      metrics: this.#metrics,
      log,
      nowMs,
    });
  }

  async start(): Promise<void> {
    const settings = this.#settings;
    const port = await this.#server.open();
    this.#admin = await openAdminServer({
      host: settings.CT_ADMIN_HOST,
      port: settings.CT_ADMIN_PORT,
      tokens: { admin: settings.CT_ADMIN_TOKEN || ensureSecret(settings.CT_DATA_DIR, 'admin') },
      metrics: this.#metrics,
      metricsAccess: this.#desk.access,
      refreshMetrics: () => this.#desk.refresh(),
      notReady: () => this.#notReady(),
      operations: [{ method: 'GET', path: '/admin/status', role: 'reader', handle: () => this.#health() }],
    });
    const admin = this.#admin;
    if (settings.CT_HANDOFF !== 'off') {
      const folder = settings.CT_DATA_DIR;
      this.#handoffPort = HandoffPort.open({ folder, name: this.#id, taker: this.#handoff });
    }
    const address = addressOf(settings, port);
    this.#direct = await openDirectServer(settings, { server: this.#server, metrics: this.#metrics });
    this.#membership = this.#openMembership(address, admin.port);
    const load = (): AdapterLoad => sumLoads(this.#adapters);
    this.#journal.start({ members: this.#membership, load, log: this.#log });
    // Its settings are those of its start: whoever asks for a reload means front doors.
    onHangup(() => undefined);
    armProcessLife({
      log: this.#log,
      stop: async (cause) => await this.#stop(cause),
      stopMaxMs: settings.CT_STOP_GRACE_MS + 10_000,
    });
    await this.#membership.join();
    const ports = { ...(port === undefined ? {} : { edge: port }), admin: admin.port };
    if (this.#direct !== undefined) Object.assign(ports, { public: this.#direct.port });
    const message = `Mooring v${version} edge ${this.#id} ready; connected to Locator for assignments`;
    this.#log.info('process.ready', { ports, message });
    announceReady(`mooring edge ready: ${this.#id} at ${address}, admin on ${admin.port}`, ports);
  }

  #openMembership(address: string, adminPort: number): Membership {
    const settings = this.#settings;
    return new Membership({
      id: this.#id,
      locators: settings.CT_LOCATOR,
      locatorsAreLocal: settings.CT_LOCATOR_LOCAL === 'yes',
      resolveName: resolveBySystem,
      openSocket: controlSocketOpener(settings.CT_JOIN_TOKEN),
      identity: {
        address,
        adminAddress: `http://${reachableHost(settings.CT_ADMIN_HOST)}:${adminPort}`,
        version,
        weight: settings.CT_EDGE_WEIGHT,
        sessionsMax: settings.CT_EDGE_SESSIONS_MAX,
        region: settings.CT_REGION,
        ...(settings.CT_SERVER_URL === '' ? {} : { publicUrl: new URL(settings.CT_SERVER_URL).origin }),
        clusterHash: hashClusterSettings(settings),
        handoff: this.#handoffPort?.offer,
        seats: true,
      },
      registry: this.#registry,
      sampleLoad: () => this.#sampler.sample(),
      isFull: () => sumLoads(this.#adapters).sessions >= settings.CT_EDGE_SESSIONS_MAX,
      orders: {
        listSessions: () => listSmallestFirst(this.#adapters),
        forget: (key, epoch) => this.#moves.forget(key, epoch),
        fence: (key, epoch) => this.#server.fence(key, epoch),
        stranded: (goneSinceMs) => this.#moves.sweep(goneSinceMs),
        takeRules: (told, teller) => this.#rules.take(told, teller),
        stop: () => void process.kill(process.pid, 'SIGTERM'),
        journalTaken: (batch) => this.#journal.taken(batch),
        seats: this.#seats,
      },
      onLapsed: () => this.#dropAll(),
      onSuperseded: () => {
        this.#log.error('edge.refused', { edge: this.#id, reason: 'another process has this edge id' });
        this.#dropAll();
        void this.#log.flush().finally(() => process.exit(1));
      },
      log: this.#log,
      nowMs,
      random: Math.random,
      newBootId: randomUUID,
    });
  }

  /**
   * A planned end: no new keys; sessions move to the other edges, if it is this one alone that ends. Then no new
   * connections, every session that is left written and closed, and only then the pins given back, so that no
   * other edge adopts a session that this one still writes.
   */
  async #stop(cause: string): Promise<void> {
    this.#membership?.retire();
    if (cause === 'SIGTERM') await this.#membership?.evacuate(this.#settings.CT_STOP_GRACE_MS);
    this.#isStopping = true;
    this.#server.stopAccepting();
    this.#direct?.stopAccepting();
    await Promise.all(this.#adapters.map(async (adapter) => await adapter.close()));
    await this.#journal.stop();
    await this.#desk.stop();
    await this.#membership?.leave();
    this.#server.destroy();
    this.#direct?.destroy();
    this.#handoff.destroy();
    this.#handoffPort?.close();
    this.#admin?.close();
    this.#sampler.stop();
    await Promise.all([this.#stores.documents.close(), this.#stores.rosters.close()]);
  }

  /** The right to serve is gone: every session ends here at once, and its clients find the next owner. */
  #dropAll(): void {
    for (const key of this.#registry.keys()) this.#server.dropSession(key, 'fenced');
    this.#registry.distrust();
  }

  /** A storm of connections asks once for all of them. */
  #noteSessions(): void {
    if (this.#noting !== undefined) return;
    this.#noting = setTimeout(() => {
      this.#noting = undefined;
      this.#membership?.noteSessions();
      this.#seats.settle();
    }, noteSessionsDelayMs).unref();
  }

  #health(): object {
    const { sessions, members } = sumLoads(this.#adapters);
    return {
      status: this.#isStopping ? 'stopping' : 'ok',
      edge: this.#id,
      incarnation: this.#membership?.incarnation,
      version,
      sessions,
      members,
      uptimeSeconds: Math.round((nowMs() - this.#startedAtMs) / 1_000),
    };
  }

  #notReady(): string[] {
    return [
      ...(this.#membership?.mayServe === true ? [] : ['no lease']),
      ...(this.#membership?.linksUp === 0 ? ['no front door is connected'] : []),
      ...(this.#isStopping ? ['stopping'] : []),
    ];
  }
}

function nowMs(): number {
  return performance.now();
}
