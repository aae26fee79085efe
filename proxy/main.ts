/** The front door's process: the only place where its parts meet. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { openAdminServer } from '#shared/admin-server.ts';
import { hashClusterSettings } from '#shared/cluster-hash.ts';
import { deriveFleetSecrets } from '#shared/fleet-secrets.ts';
import type { FleetSecrets } from '#shared/fleet-secrets.ts';
import type { AffinityKey } from '#shared/ids.ts';
import { openLog } from '#shared/log.ts';
import type { Log } from '#shared/log.ts';
import { Metrics } from '#shared/metrics.ts';
import { announceReady, armProcessLife } from '#shared/process-life.ts';
import { SessionTokens } from '#shared/session-token.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { ensureSecret } from '#shared/settings/secrets.ts';
import { assertTimingRelations } from '#shared/timing.ts';
import { version } from '#shared/version.ts';
import { adminRoutes } from './admin-routes.ts';
import { TrustedProxies } from './core/client-address.ts';
import { startChores } from './chores.ts';
import type { Directory } from './directory/directory.ts';
import { openSqliteDirectory } from './directory/sqlite-directory.ts';
import { LocalAnswers } from './local-answers.ts';
import { Login } from './login/login.ts';
import { apiKeyProvider, simpleProvider } from './login/providers.ts';
import { openControlServer } from './membership/control-server.ts';
import type { EdgeRequests } from './membership/control-server.ts';
import { probeAddress } from './membership/death-probe.ts';
import { EdgeLinks } from './membership/edge-links.ts';
import { Membership } from './membership/membership.ts';
import { EdgePool } from './membership/pool.ts';
import { parseBackends, runBackendChecks } from './membership/static-backends.ts';
import { Drains } from './move/drains.ts';
import { HandoverCalls } from './move/handover-call.ts';
import { MoveGate } from './move/move-gate.ts';
import { moveActions, moveRoutes } from './move/move-routes.ts';
import { Mover } from './move/mover.ts';
import { Placer } from './placement.ts';
import { openFrontServer } from './server.ts';
import { SessionAdministration } from './session-administration.ts';
import { sessionActions, sessionRoutes } from './session-routes.ts';
import { Settler } from './settle.ts';
import { StaticActivity } from './static-activity.ts';
import { openTransport } from './wire/open-transport.ts';
import { TimerWheel } from './wire/timer-wheel.ts';
import { Upstreams } from './wire/upstreams.ts';

/** Starts the front door; resolves when it serves, rejects when it cannot. */
export async function startFrontDoor(settings: Settings): Promise<void> {
  assertTimingRelations();
  mkdirSync(settings.CT_DATA_DIR, { recursive: true, mode: 0o700 });
  const log = openLog({ level: settings.CT_LOG_LEVEL, role: 'proxy' });
  log.info('process.starting', { version });
  const joinToken = settings.CT_JOIN_TOKEN || ensureSecret(settings.CT_DATA_DIR, 'join');
  const stopping = new AbortController();
  const locator = await openLocator({ settings, log, joinToken, signal: stopping.signal });
  const { directory, pool, membership, placer, gate, metrics, secrets } = locator;
  const settler = new Settler({ log, metrics, secrets });
  const wheel = startWheel();
  const transport = openTransport(settings.CT_NATIVE_SOCKETS, metrics);
  const upstreams = new Upstreams({ settings, wheel, transport, metrics });
  const backends = parseBackends(settings.CT_BACKEND);
  const isStatic = backends.length > 0;
  const activity = isStatic ? new StaticActivity(nowMs) : undefined;
  const local = new LocalAnswers({
    owner: settings.CT_SERVER_OWNER,
    login: openLogin(settings, log),
    edges: () => pool.list(nowMs()),
  });
  const exchange = {
    placer,
    gate,
    settler,
    local,
    trusted: new TrustedProxies(settings.CT_TRUSTED_PROXIES),
    pass: isStatic ? undefined : secrets.pass,
    activity,
    mintKey: () => randomBytes(16).toString('hex') as AffinityKey,
  };
  const control = isStatic
    ? undefined
    : await openControlServer({
        host: settings.CT_CONTROL_HOST,
        port: settings.CT_CONTROL_PORT,
        joinToken,
        clusterHash: hashClusterSettings(settings),
        membership,
        links: locator.links,
        requests: edgeRequests(locator, log),
        log,
      });
  await directory.extendLeases();
  const front = await openFrontServer({ settings, upstreams, wheel, transport, exchange, metrics });
  const ports = { http: front.httpPort, https: front.httpsPort, control: control?.port };
  const admin = await openAdmin({ settings, locator, log, ports, signal: stopping.signal });
  for (const backend of backends) {
    void runBackendChecks(backend, { settings, membership, directory, pool, log, signal: stopping.signal });
  }
  startChores({ ...locator, upstreams, activity, log, signal: stopping.signal });
  armProcessLife({
    log,
    stopMaxMs: settings.CT_STOP_GRACE_MS + 5_000,
    stop: async () => {
      stopping.abort();
      front.stopAccepting();
      await settler.idle(AbortSignal.timeout(settings.CT_STOP_GRACE_MS));
      front.destroy();
      control?.close();
      admin.close();
      upstreams.destroy();
      transport.close();
      await directory.close();
    },
  });
  announce(settings, log, definedPorts({ ...ports, admin: admin.port }));
}

/** Directory, membership and placement: what decides where a key belongs. */
interface Locator {
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly membership: Membership;
  readonly placer: Placer;
  readonly gate: MoveGate;
  readonly links: EdgeLinks;
  readonly mover: Mover;
  readonly drains: Drains;
  readonly metrics: Metrics;
  readonly secrets: FleetSecrets;
}

async function openLocator(options: {
  settings: Settings;
  log: Log;
  joinToken: string;
  signal: AbortSignal;
}): Promise<Locator> {
  const { settings, log, joinToken, signal } = options;
  const metrics = new Metrics('ct_proxy_');
  const secrets = deriveFleetSecrets(joinToken);
  const directory = await openSqliteDirectory(join(settings.CT_DATA_DIR, 'directory.sqlite'));
  const pool = new EdgePool();
  const membership = new Membership({ directory, pool, log, probe: probeAddress, nowMs, signal });
  const placer = new Placer({ directory, pool, secrets, log, metrics, nowMs });
  const gate = new MoveGate(metrics);
  const links = new EdgeLinks();
  const calls = new HandoverCalls(secrets.pass, request);
  const mover = new Mover({ directory, pool, placer, gate, links, calls, secrets, log, metrics, nowMs });
  const drains = new Drains({ directory, pool, placer, links, mover, log, nowMs, signal });
  return { directory, pool, membership, placer, gate, links, mover, drains, metrics, secrets };
}

function edgeRequests({ mover, drains }: Locator, log: Log): EdgeRequests {
  const tryTo = async (work: Promise<void>): Promise<void> =>
    await work.catch((error: unknown) => log.error('directory.failed', { error }));
  return {
    evacuate: async (edge, deadlineMs) => await tryTo(drains.evacuate(edge, deadlineMs)),
    giveBack: async (edge, sessions) => await tryTo(mover.giveBack(edge, sessions)),
  };
}

async function openAdmin(options: {
  settings: Settings;
  locator: Locator;
  log: Log;
  ports: Readonly<Record<string, number | undefined>>;
  signal: AbortSignal;
}): Promise<{ port: number; close: () => void }> {
  const { settings, locator, log, ports, signal } = options;
  const { directory, pool, drains, metrics } = locator;
  const startedAtMs = nowMs();
  const administration = new SessionAdministration({ ...locator, log, nowMs });
  const admin = await openAdminServer({
    host: settings.CT_ADMIN_HOST,
    port: settings.CT_ADMIN_PORT,
    token: settings.CT_ADMIN_TOKEN || ensureSecret(settings.CT_DATA_DIR, 'admin'),
    metrics,
    refreshMetrics: async () => await refreshGauges(locator),
    notReady: () => [
      ...(pool.hasReadyEdge ? [] : ['no edge is ready']),
      ...(signal.aborted ? ['stopping'] : []),
    ],
    routes: {
      ...adminRoutes({
        directory,
        pool,
        drains,
        nowMs,
        startedAtMs,
        ports: () => ({ ...ports, admin: admin.port }),
      }),
      ...moveRoutes(locator),
      ...sessionRoutes(administration),
    },
    actions: { ...moveActions(locator), ...sessionActions(administration) },
  });
  return admin;
}

function openLogin(settings: Settings, log: Log): Login {
  const secret = settings.CT_SESSION_SECRET || ensureSecret(settings.CT_DATA_DIR, 'session');
  const providers = settings.CT_LOGIN.map((name) =>
    name === 'apikey' ? apiKeyProvider(settings.CT_API_KEY) : simpleProvider,
  );
  const tokens = new SessionTokens(secret, settings.CT_TOKEN_LIFETIME_HOURS);
  return new Login({
    tokens,
    providers,
    log,
    nowMs,
    randomToken: () => randomBytes(18).toString('base64url'),
  });
}

async function refreshGauges({ metrics, pool, directory, drains }: Locator): Promise<void> {
  metrics.reset('ct_proxy_drain_left');
  for (const { edge, left } of drains.views()) metrics.set('ct_proxy_drain_left', left, { edge });
  metrics.reset('ct_proxy_edge_state');
  metrics.reset('ct_proxy_edge_load');
  for (const edge of pool.list(performance.now())) {
    metrics.set('ct_proxy_edge_state', 1, { edge: edge.id, state: edge.state });
    metrics.set('ct_proxy_edge_load', edge.score, { edge: edge.id });
  }
  const pins = await directory.countPins().catch(() => undefined);
  metrics.set('ct_proxy_directory_up', pins === undefined ? 0 : 1);
  if (pins !== undefined) metrics.set('ct_proxy_pins', pins);
}

function announce(settings: Settings, log: Log, ports: Record<string, number>): void {
  const host = ['0.0.0.0', '::'].includes(settings.CT_HOST) ? '127.0.0.1' : settings.CT_HOST;
  const shownHost = host.includes(':') ? `[${host}]` : host;
  log.info('process.ready', { ports });
  const https =
    ports['https'] === undefined ? 'no HTTPS (no certificate)' : `https://${shownHost}:${ports['https']}`;
  const control = ports['control'] === undefined ? '' : `, edges join on ${ports['control']}`;
  const line = `mooring proxy ready: http://${shownHost}:${ports['http']}, ${https}, admin on ${ports['admin']}${control}`;
  announceReady(line, ports);
}

function definedPorts(ports: Record<string, number | undefined>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(ports).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}

/** One wheel for the deadlines of all connections. */
function startWheel(): TimerWheel {
  const wheel = new TimerWheel(nowMs);
  setInterval(() => wheel.tick(), wheel.tickMs).unref();
  return wheel;
}

function nowMs(): number {
  return performance.now();
}
