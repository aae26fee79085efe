/** The front door's process: the only place where its parts meet. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { Banner } from '#shared/banner.ts';
import { hashClusterSettings } from '#shared/cluster-hash.ts';
import { deriveFleetSecrets } from '#shared/fleet-secrets.ts';
import type { AffinityKey } from '#shared/ids.ts';
import { localHost } from '#shared/local-host.ts';
import type { Log } from '#shared/log.ts';
import { announceReady, armProcessLife } from '#shared/process-life.ts';
import { goesOn, onRetire } from '#shared/replacement.ts';
import { readFingerprint } from '#shared/self-signed-file.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { readInheritedListeners } from '#shared/inherited-listeners.ts';
import type { SettingsSource } from '#shared/settings/source.ts';
import { ensureSecret } from '#shared/settings/secrets.ts';
import { Tickets } from '#shared/tickets.ts';
import { assertTimingRelations, timing } from '#shared/timing.ts';
import { version } from '#shared/version.ts';
import { openAdmin } from './admin/admin-port.ts';
import type { TrustedHeader } from './core/client-address.ts';
import { SettingNetworks } from '#shared/network-list.ts';
import type { GateLimits } from './core/request-gate.ts';
import { openDownloads } from './downloads/open-downloads.ts';
import { endRetired, startChores } from './chores.ts';
import { frontDoorName } from './front-door-roll.ts';
import type { Directory, EdgeRow } from './directory/directory.ts';
import { openFrontLog } from './front-log.ts';
import { FrontJournal } from './journal/front-journal.ts';
import { LocalAnswers } from './local-answers.ts';
import { edgeRequests, openLocator } from './locator.ts';
import type { Locator } from './locator.ts';
import { Locate } from './locate.ts';
import { watchDescriptors } from './limits/open-limits.ts';
import { watchSpareMemory } from './limits/spare-memory.ts';
import type { Dashboard } from './dashboard/dashboard.ts';
import { SessionPage } from './session-page/session-page.ts';
import { openDashboard } from './dashboard/open-dashboard.ts';
import { openGate } from './dashboard/door/open-gate.ts';
import { Traffic } from './limits/traffic.ts';
import { openLogin } from './login/open-login.ts';
import { takeControlPort } from './membership/control-port.ts';
import type { ControlOptions, ControlPort } from './membership/control-port.ts';
import type { EdgeRequests } from './membership/control-server.ts';
import type { EdgePool } from './membership/pool.ts';
import { BackendList } from './membership/backend-list.ts';
import { parseBackends } from './membership/static-backends.ts';
import { LiveSettings } from './reload/live-settings.ts';
import { openReloads } from './reload/open-reloads.ts';
import { MetricsPage } from './metrics-page.ts';
import { openFrontServer } from './server.ts';
import type { FrontServer } from './server.ts';
import { Settler } from './settle.ts';
import { StaticActivity } from './static-activity.ts';
import { Entrance } from './tls/entrance.ts';
import { openTls } from './tls/open-tls.ts';
import type { Transport } from './wire/transport.ts';
import { openTransport } from './wire/open-transport.ts';
import { TimerWheel } from './wire/timer-wheel.ts';
import { Upstreams } from './wire/upstreams.ts';

/** Edges follow within milliseconds; a machine that is this busy is none to hurry on. Less than the supervisor waits. */
const handOverMaxMs = 20_000;

/** Starts the front door; resolves when it serves, rejects when it cannot. */
export async function startFrontDoor(given: Settings, source: SettingsSource): Promise<void> {
  assertTimingRelations();
  const live = new LiveSettings(given);
  const settings = live.view;
  mkdirSync(settings.CT_DATA_DIR, { recursive: true, mode: 0o700 });
  const joinToken = settings.CT_JOIN_TOKEN || ensureSecret(settings.CT_DATA_DIR, 'join');
  const journal = await FrontJournal.open(settings, deriveFleetSecrets(joinToken));
  const log = openFrontLog(settings, journal.hear);
  log.info('process.starting', { version, message: `Mooring v${version}` });
  const stopping = new AbortController();
  const reloads = openReloads({ source, live, log });
  const inherited = readInheritedListeners(process.env, process.pid);
  const locator = await openLocator({ settings, log, joinToken, reloads, signal: stopping.signal });
  const { directory, pool, placer, gate, metrics, secrets } = locator;
  const tls = openTls(settings, log, metrics, reloads);
  const entrance = new Entrance(settings, (name) => tls?.certificates.covers(name) ?? false);
  const settler = new Settler({ log, metrics, secrets, format: settings.CT_LOG_FORMAT });
  const wheel = startWheel();
  const transport = openTransport(settings.CT_NATIVE_SOCKETS, locator.trust, metrics);
  const upstreams = new Upstreams({ settings, wheel, transport, metrics });
  const backends = parseBackends(settings.CT_BACKEND);
  const isStatic = backends.length > 0;
  const activity = isStatic ? new StaticActivity(nowMs) : undefined;
  const traffic = new Traffic({ ...locator, ...locator.limits, settings, activity, log, nowMs });
  pool.avoids = (edge) => traffic.isNearlyFull(edge);
  const page = new MetricsPage({ settings, locator, journal, log });
  const dashboard = openDashboard({ locator, journal, log, signal: stopping.signal });
  const about = { settings, locator, journal, page, log, dashboard };
  const exchange = {
    placer,
    gate,
    settler,
    local: answerHere({ ...about, entrance }),
    trusted: new SettingNetworks(() => settings.CT_TRUSTED_PROXIES),
    trustedHeader: () => settings.CT_TRUSTED_HEADER as TrustedHeader,
    pass: isStatic ? undefined : secrets.pass,
    traffic,
    mintKey: () => randomBytes(16).toString('hex') as AffinityKey,
    limits: limitsOf(settings),
    entrance,
    get strictTransport() {
      return settings.CT_HSTS;
    },
  };
  const control = await takeControlPort(
    isStatic ? undefined : controlOptions({ settings, locator, journal, joinToken, log }),
  );
  await directory.extendLeases();
  if (goesOn() && !isStatic) await meetEdges(directory, pool);
  await BackendList.begin(backends, { ...locator, settings, log, signal: stopping.signal }, reloads);
  const { arrivals } = locator.limits;
  const carriers = { upstreams, wheel, transport, exchange, arrivals };
  const front = await openFrontServer({ settings, inherited, ...carriers, metrics, tls });
  watchDescriptors(locator.limits, front, { log, metrics, signal: stopping.signal });
  watchSpareMemory(arrivals, transport, stopping.signal);
  const name = frontDoorName(front.httpPort);
  page.tellStatsd(name);
  locator.roll.enter(name);
  entrance.opened(front.httpsPort);
  tls?.care(stopping.signal);
  const ports = { http: front.httpPort, https: front.httpsPort, control: control?.port };
  journal.start({ settings, pool, log, signal: stopping.signal });
  const admin = await openAdmin({ ...about, reloads, ports, signal: stopping.signal });
  const reconcileIntervalMs = settings.CT_RECONCILE_INTERVAL_MS;
  const chores = { upstreams, activity, reconcileIntervalMs, onSwept: journal.noteGone };
  startChores({ ...locator, ...chores, log, signal: stopping.signal });
  const served = { front, admin, control, settler, upstreams, transport, journal, page };
  armLife({ settings, log, locator, served, stopping });
  announce(settings, log, definedPorts({ ...ports, admin: admin.port }));
}

function limitsOf(settings: Settings): GateLimits {
  return {
    get targetMaxBytes() {
      return settings.CT_TARGET_MAX_BYTES;
    },
    get bodyMaxBytes() {
      return settings.CT_BODY_MAX_BYTES || Infinity;
    },
  };
}

function answerHere(options: {
  settings: Settings;
  locator: Locator;
  log: Log;
  journal: FrontJournal;
  entrance: Entrance;
  page: MetricsPage;
  dashboard: Dashboard;
}): LocalAnswers {
  const { settings, locator, log, journal, entrance, page, dashboard } = options;
  const viewers = openGate({ settings, locator, log, dashboard: dashboard.answer });
  const banner = (): Banner | undefined => locator.poolSettings.shownBanner(Date.now());
  return new LocalAnswers({
    owner: () => settings.CT_SERVER_OWNER,
    login: openLogin({ ...locator, settings, log, signOn: viewers.signOn }),
    locate: new Locate({ ...locator, tickets: new Tickets(locator.secrets.ticket, Date.now) }),
    edges: () => locator.pool.list(nowMs()),
    entrance,
    downloads: openDownloads({ settings, history: journal.history, banner }),
    hasClients: () => settings.CT_NOCLIENTS !== 'true',
    banner,
    metrics: page,
    sessionPage: new SessionPage(),
    viewers,
  });
}

function controlOptions(options: {
  settings: Settings;
  locator: Locator;
  journal: FrontJournal;
  joinToken: string;
  log: Log;
}): ControlOptions {
  const { settings, locator, journal, joinToken, log } = options;
  const requests: EdgeRequests = {
    ...edgeRequests(locator, log),
    takeRecords: async (edge, records) => await journal.take(edge, records),
  };
  return {
    host: settings.CT_CONTROL_HOST,
    port: settings.CT_CONTROL_PORT,
    joinToken,
    clusterHash: hashClusterSettings(settings),
    membership: locator.membership,
    links: locator.links,
    requests,
    log,
  };
}

/**
 * Edges that served under the front door before come back by themselves, within a lease. Until then it is better that
 * clients wait than that they are sent away.
 */
async function meetEdges(directory: Directory, pool: EdgePool): Promise<void> {
  const deadline = AbortSignal.timeout(timing.leaseMs);
  const expected = (await directory.listEdges()).filter(
    ({ state, leaseLeftMs }) => state === 'up' && leaseLeftMs > 0,
  );
  const isHere = ({ id }: EdgeRow): boolean =>
    pool.list(nowMs()).some((edge) => edge.id === id && edge.state !== 'suspect');
  while (!deadline.aborted && !expected.every(isHere)) await pool.nextChange(deadline);
}

/** The end of the process: a stop, or a successor that takes over. */
function armLife(options: {
  settings: Settings;
  log: Log;
  locator: Locator;
  served: {
    front: FrontServer;
    admin: { close: () => void };
    control: ControlPort | undefined;
    settler: Settler;
    upstreams: Upstreams;
    transport: Transport;
    journal: FrontJournal;
    page: MetricsPage;
  };
  stopping: AbortController;
}): void {
  const { settings, log, locator, served, stopping } = options;
  const { front, admin, control, settler, upstreams, transport } = served;
  const stop = armProcessLife({
    log,
    stopMaxMs: settings.CT_STOP_GRACE_MS + 5_000,
    stop: async () => {
      stopping.abort();
      front.stopAccepting();
      upstreams.leaveTunnels();
      await settler.idle(AbortSignal.timeout(settings.CT_STOP_GRACE_MS));
      await Promise.all([served.page.stop(), locator.roll.leave()]);
      front.destroy();
      control?.close();
      admin.close();
      upstreams.destroy();
      transport.close();
      await locator.calls.close();
      await served.journal.close();
      await locator.directory.close();
    },
  });
  onRetire(async (takesEdges) => {
    log.info('process.retiring');
    const left = takesEdges ? await control?.handOver(handOverMaxMs) : undefined;
    if (left !== undefined && left.length > 0) log.warn('control.left-behind', { edges: left });
    stopping.abort();
    await locator.mover.idle();
    // No edge reports here any more: what it would tell of the pool is its successor's to tell.
    await Promise.all([served.page.stop(), locator.roll.leave()]);
    front.retire();
    control?.close();
    admin.close();
    const maxMs = settings.CT_RETIRE_MAX_MINUTES * 60_000;
    void endRetired({ ...locator, upstreams, settler, front, log, maxMs }).then(stop);
  });
}

function announce(settings: Settings, log: Log, ports: Record<string, number>): void {
  const host = localHost(settings.CT_HOST);
  const also = ports['https'] === undefined ? '' : ` and ${ports['https']} (SSL)`;
  const message = `Mooring services now available on port ${ports['http']} (HTTP)${also}`;
  log.info('process.ready', { ports, message });
  const https =
    ports['https'] === undefined ? 'no HTTPS (no certificate)' : `https://${host}:${ports['https']}`;
  const control = ports['control'] === undefined ? '' : `, edges join on ${ports['control']}`;
  const line = `mooring proxy ready: http://${host}:${ports['http']}, ${https}, admin on ${ports['admin']}${control}`;
  if (settings.CT_SELF_SIGNED === 'yes')
    process.stdout.write(`self-signed certificate, SHA-256 ${readFingerprint(settings.CT_DATA_DIR)}\n`);
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
