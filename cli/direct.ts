/**
 * `mooring direct`: front door, Locator and edges on one machine, each a process of its own under one
 * supervisor. What a fleet must be told (secrets, addresses) is generated or picked here.
 */
import { openLog } from '#shared/log.ts';
import type { Log } from '#shared/log.ts';
import { armProcessLife } from '#shared/process-life.ts';
import { settingNames } from '#shared/settings/load.ts';
import { ensureSecret } from '#shared/settings/secrets.ts';
import { settingsSchema } from '#shared/settings/schema.ts';
import type { Role, Settings } from '#shared/settings/schema.ts';
import { version } from '#shared/version.ts';
import { SupervisedChild } from './child.ts';
import { openListeners } from './listeners.ts';
import { openEdgeFolder } from './edge-folder.ts';
import type { EdgeFolder } from './edge-folder.ts';
import { lockDataDir, writeRunState } from './run-state.ts';

const readyMaxMs = 30_000;
const readyPollMs = 50;

/** Starts everything; resolves when the pool serves. The process then runs until it is told to stop. */
export async function runDirect(settings: Settings): Promise<void> {
  const lock = lockDataDir(settings.CT_DATA_DIR);
  const log = openLog({ level: settings.CT_LOG_LEVEL, role: 'direct' });
  log.info('process.starting', { version });
  const folder = settings.CT_EDGES_LISTEN === 'sockets' ? openEdgeFolder(log) : undefined;
  const children: SupervisedChild[] = [];
  const stopAll = async (): Promise<void> => {
    // Edges first: they say goodbye through the front door. SIGINT: no edge is to take over what another one has.
    await Promise.all(children.slice(1).map((child) => child.stop('SIGINT')));
    await children[0]?.stop('SIGTERM');
    folder?.remove();
    lock.release();
  };
  armProcessLife({ log, stop: stopAll, stopMaxMs: settings.CT_STOP_GRACE_MS * 2 + 25_000 });
  try {
    const ports = await startChildren(settings, log, children, folder);
    writeRunState(settings.CT_DATA_DIR, { pid: process.pid, ports });
    announce(settings, ports);
    log.info('process.ready', { ports });
  } catch (error) {
    await stopAll();
    await log.flush();
    throw error;
  }
}

async function startChildren(
  settings: Settings,
  log: Log,
  children: SupervisedChild[],
  folder: EdgeFolder | undefined,
): Promise<Record<string, number>> {
  const secrets = fleetSecrets(settings);
  const stopMaxMs = settings.CT_STOP_GRACE_MS + 11_000;
  const front = new SupervisedChild({
    name: 'front door',
    role: 'proxy',
    log,
    stopMaxMs,
    env: { ...childEnv(settings, 'proxy'), ...secrets },
    listeners: await openListeners(settings),
  });
  children.push(front);
  const ports = await front.start();
  // A port that was picked stays the same when the front door is restarted.
  front.keep({
    CT_HTTP_PORT: String(ports['http']),
    CT_ADMIN_PORT: String(ports['admin']),
    CT_CONTROL_PORT: String(ports['control']),
    ...(ports['https'] === undefined ? {} : { CT_HTTPS_PORT: String(ports['https']) }),
  });
  for (let number = 1; number <= settings.CT_EDGES; number++) {
    const env = {
      ...childEnv(settings, 'edge'),
      ...secrets,
      CT_EDGE_ID: `edge-${number}`,
      CT_EDGE_HOST: '127.0.0.1',
      CT_EDGE_PORT: '0',
      CT_EDGE_SOCKET: folder?.pathOf(number) ?? '',
      CT_ADMIN_HOST: '127.0.0.1',
      CT_ADMIN_PORT: '0',
      CT_LOCATOR_LOCAL: 'yes',
      CT_LOCATOR: `ws://${controlHost(settings)}:${ports['control']}`,
    };
    children.push(new SupervisedChild({ name: `edge-${number}`, role: 'edge', log, stopMaxMs, env }));
  }
  await Promise.all(children.slice(1).map((child) => child.start()));
  await waitForEdges(settings, ports['admin']!);
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
    const status = (await response.json()) as { ready?: number };
    if (status.ready === settings.CT_EDGES) return;
    await new Promise((resolve) => setTimeout(resolve, readyPollMs));
  }
}

/** Secrets that were not given are made once and kept in the data folder. */
function fleetSecrets(settings: Settings): Record<string, string> {
  const dataDir = settings.CT_DATA_DIR;
  return {
    CT_JOIN_TOKEN: settings.CT_JOIN_TOKEN || ensureSecret(dataDir, 'join'),
    CT_SESSION_SECRET: settings.CT_SESSION_SECRET || ensureSecret(dataDir, 'session'),
    CT_ADMIN_TOKEN: settings.CT_ADMIN_TOKEN || ensureSecret(dataDir, 'admin'),
    CT_API_KEY:
      settings.CT_API_KEY || (settings.CT_LOGIN.includes('apikey') ? ensureSecret(dataDir, 'api-key') : ''),
  };
}

/** The environment of a child: everything but `CT_*` and `LISTEN_*`, and the effective settings of its role. */
function childEnv(settings: Settings, role: Role): Record<string, string> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(CT|LISTEN)_/.test(name));
  const env: Record<string, string> = {};
  for (const [name, value] of inherited) if (value !== undefined) env[name] = value;
  for (const name of settingNames) {
    if (name === 'CT_SETTINGS_FILE' || !(settingsSchema[name].roles as readonly Role[]).includes(role))
      continue;
    const value = settings[name];
    env[name] = typeof value === 'object' ? value.join(',') : String(value);
  }
  return env;
}

function announce(settings: Settings, ports: Readonly<Record<string, number>>): void {
  const host = reachableHost(settings.CT_HOST);
  const https = ports['https'] === undefined ? '' : `, https://${host}:${ports['https']}`;
  const line = `mooring direct ready: ${settings.CT_EDGES} edges, open http://${host}:${ports['http']}/${https} (admin on ${ports['admin']}, data in ${settings.CT_DATA_DIR})`;
  process.stdout.write(`${line}\n`);
}

function adminHost(settings: Settings): string {
  return reachableHost(settings.CT_ADMIN_HOST);
}

function controlHost(settings: Settings): string {
  return reachableHost(settings.CT_CONTROL_HOST);
}

/** An address to connect to, for one that was given to listen on. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
