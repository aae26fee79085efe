/**
 * `mooring direct`: front door, Locator and edges on one machine, each a process of its own under one
 * supervisor. `child-settings.ts` has what each of them is told.
 */
import { readLicence } from '#shared/licence/licence-source.ts';
import { localHost } from '#shared/local-host.ts';
import { openLog } from '#shared/log.ts';
import type { Log } from '#shared/log.ts';
import { openLogPlaces } from '#shared/log-places.ts';
import { announceReady, armProcessLife, onHangup } from '#shared/process-life.ts';
import { ensureSecret } from '#shared/settings/secrets.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { SettingsSource } from '#shared/settings/source.ts';
import { version } from '#shared/version.ts';
import { SupervisedChild } from './child.ts';
import { ChildSettings } from './child-settings.ts';
import { lockDataDir } from './data-dir-lock.ts';
import { FrontWorkers } from './front-workers.ts';
import { openEdgeFolder } from './edge-folder.ts';
import { ProcessTable, logFileOf, supervisorRow } from './process-table.ts';
import { ScheduledRestart } from './scheduled-restart.ts';

const readyMaxMs = 30_000;
const readyPollMs = 50;

interface Children {
  readonly edges: SupervisedChild[];
  fronts: FrontWorkers | undefined;
}

/** Starts everything; resolves when the pool serves. The process then runs until it is told to stop. */
export async function runDirect(settings: Settings, source: SettingsSource): Promise<void> {
  // A licence that is none stops the start here, in one line.
  readLicence(settings);
  const lock = lockDataDir(settings.CT_DATA_DIR);
  const places = openLogPlaces(settings, 'direct');
  const log = openLog({ level: settings.CT_LOG_LEVEL, role: 'direct', places });
  log.info('process.starting', { version, message: `Mooring v${version}` });
  const folder = settings.CT_EDGES_LISTEN === 'sockets' ? openEdgeFolder(log) : undefined;
  const pool: Children = { edges: [], fronts: undefined };
  const table = new ProcessTable(settings.CT_DATA_DIR, log);
  table.started(supervisorRow(settings, 'direct'), 'first');
  const restart = new ScheduledRestart({ settings, what: '--rolling', log });
  const stopAll = async (): Promise<void> => {
    restart.stop();
    // Edges first: they say goodbye through the front door. SIGINT: no edge is to take over what another one has.
    await Promise.all(pool.edges.map((child) => child.stop('SIGINT')));
    await pool.fronts?.stop();
    folder?.remove();
    lock.release();
  };
  if (settings.CT_LOG_DIR !== '')
    process.on('SIGUSR1', () => {
      pool.fronts?.pass('SIGUSR1');
      for (const edge of pool.edges) edge.pass('SIGUSR1');
    });
  armProcessLife({ log, stop: stopAll, stopMaxMs: settings.CT_STOP_GRACE_MS * 2 + 25_000 });
  try {
    const told = new ChildSettings(settings, source, folder);
    const ports = await startChildren({ settings, told, log, pool, table });
    table.serve(ports);
    restart.begin();
    // What the children said comes before it: the fingerprint of a certificate that they made is among that.
    await log.flush();
    announce(settings, ports);
    const message = `Mooring v${version} started successfully: ${settings.CT_EDGES} edges`;
    log.info('process.ready', { ports, message });
  } catch (error) {
    await stopAll();
    await log.flush();
    throw error;
  }
}

async function startChildren(options: {
  settings: Settings;
  told: ChildSettings;
  log: Log;
  pool: Children;
  table: ProcessTable;
}): Promise<Record<string, number>> {
  const { settings, told, log, pool, table } = options;
  const { edges } = pool;
  const stopMaxMs = settings.CT_STOP_GRACE_MS + 11_000;
  const onTold = (): void => {
    fronts.keepTold();
    for (const [at, child] of edges.entries()) child.keep(told.edge(at + 1));
  };
  const fronts: FrontWorkers = await FrontWorkers.open({ settings, told, log, stopMaxMs, table, onTold });
  pool.fronts = fronts;
  onHangup(() => fronts.pass('SIGHUP'));
  const ports = await fronts.start();
  told.controlPorts = fronts.controlPorts;
  for (let number = 1; number <= settings.CT_EDGES; number++) {
    const env = told.edge(number);
    const name = `edge-${number}`;
    const logFile = logFileOf(settings, `edge-${name}`);
    edges.push(new SupervisedChild({ name, role: 'edge', log, table, logFile, stopMaxMs, env }));
  }
  await Promise.all(edges.map((child) => child.start()));
  for (const port of fronts.adminPorts) await waitForEdges(settings, port);
  return { ...ports };
}

/** Ready means that every edge takes sessions, so that the first connection finds the whole pool. */
async function waitForEdges(settings: Settings, adminPort: number): Promise<void> {
  const deadline = AbortSignal.timeout(readyMaxMs);
  const token = settings.CT_ADMIN_TOKEN || ensureSecret(settings.CT_DATA_DIR, 'admin');
  for (;;) {
    const response = await fetch(`http://${adminHost(settings)}:${adminPort}/admin/status`, {
      headers: { authorization: `Bearer ${token}` },
      signal: deadline,
    });
    const { ready = 0, held = 0 } = (await response.json()) as { ready?: number; held?: number };
    if (ready + held === settings.CT_EDGES) return;
    await new Promise((resolve) => setTimeout(resolve, readyPollMs));
  }
}

function announce(settings: Settings, ports: Readonly<Record<string, number>>): void {
  const host = localHost(settings.CT_HOST);
  const https = ports['https'] === undefined ? '' : `, https://${host}:${ports['https']}`;
  const line = `mooring direct ready: ${settings.CT_EDGES} edges, open http://${host}:${ports['http']}/${https} (admin on ${ports['admin']}, data in ${settings.CT_DATA_DIR})`;
  announceReady(line, ports);
}

function adminHost(settings: Settings): string {
  return localHost(settings.CT_ADMIN_HOST);
}
