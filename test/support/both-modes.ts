/** A pool in either mode, with what administrators of the original product set: one machine, or servers on a MariaDB. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { addFile } from './download-scene.ts';
import { startEdgeOf } from './edge-process.ts';
import { adminToken, isReady, makeDataDir, startFrontDoor } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';
import { LicenceMaker } from './licences.ts';
import { eventually } from './oct-inbox.ts';
import { startPool } from './pool.ts';
import { runCommand } from './run-command.ts';
import { sharedSqlServer } from './sql/sql-server.ts';
import { StatsdServer } from './statsd-server.ts';
import { basic } from './viewer.ts';

export interface ModeScene {
  readonly mode: 'single' | 'several';
  /** Of each front door, `http://127.0.0.1:PORT`. */
  readonly origins: readonly string[];
  /** Folder of log files of each front door. */
  readonly logs: readonly string[];
  readonly dataDir: string;
  readonly statsd: StatsdServer;
  /** Process ids of all that serve. */
  readonly pids: () => Promise<readonly number[]>;
  /** Rows of a table that is in the database; undefined where there is none. */
  readonly rowsOf: ((table: string) => Promise<number>) | undefined;
}

export const publicUrl = 'https://code.example.com';
export const viewer = { CT_LOGS_USER: 'ada', CT_LOGS_PASSWORD: 'a password for tests' };
export const login = basic(viewer.CT_LOGS_USER, viewer.CT_LOGS_PASSWORD);
export const clientFiles = {
  eclipse: 'eclipse/plugins/com.genuitec.eclipse.codetogether.core_2.0.0.1.jar',
  jetbrains: 'intellij/codetogether-onpremises-2.0.0-00405.zip',
  vscode: 'vscode/codetogether-onpremises-2.0.0-b00405.vsix',
} as const;

function settingsOf(t: TestContext): Record<string, string> {
  const folder = makeDataDir(t);
  for (const path of Object.values(clientFiles)) addFile(folder, path, 1_000);
  return {
    ...viewer,
    ...new LicenceMaker().issue({ connections: 250, serverUrl: publicUrl }),
    CT_SERVER_URL: publicUrl,
    CT_CLIENTS_DIR: folder,
    CT_HOST: '0.0.0.0',
    CT_LOG_FORMAT: 'combined',
    CT_METRICS_STATSD_INTERVAL_MS: '1000',
  };
}

export async function startSingle(t: TestContext): Promise<ModeScene> {
  const [dataDir, logs, statsd] = [makeDataDir(t), makeDataDir(t), await StatsdServer.start(t, 'udp')];
  const told = { CT_METRICS_STATSD_HOST: '127.0.0.1', CT_METRICS_STATSD_PORT: String(statsd.port) };
  const env = {
    ...settingsOf(t),
    ...told,
    CT_PROMETHEUS_ENABLED: 'true',
    CT_METRICS_STATSD_PROTOCOL: 'UDP',
    CT_LOG_DIR: logs,
    CT_EDGES: '1',
  };
  const pool = await startPool(t, { dataDir, env });
  const pids = async (): Promise<number[]> => {
    const { stdout } = await runCommand(t, ['ps', '--data-dir', dataDir, '--json']);
    return (JSON.parse(stdout) as { processes: { pid: number }[] }).processes.map(({ pid }) => pid);
  };
  return { mode: 'single', origins: [pool.url], logs: [logs], dataDir, statsd, pids, rowsOf: undefined };
}

export async function startSeveral(t: TestContext): Promise<ModeScene> {
  const server = await sharedSqlServer('mariadb');
  const { user, password, host, port, database: schema } = await server.createDatabase();
  const config = { database: { user, password, host, port, schema, dialect: 'mysql' }, locatorMode: true };
  const [dataDir, statsd] = [makeDataDir(t), await StatsdServer.start(t, 'udp')];
  writeFileSync(join(dataDir, 'locator-config.json'), JSON.stringify(config));
  const [settings, logs] = [settingsOf(t), [makeDataDir(t), makeDataDir(t)] as const];
  const start = async (folder: string): Promise<FrontDoor> =>
    await startFrontDoor(t, { dataDir, settings: { ...settings, CT_LOG_DIR: folder } });
  const first = await start(logs[0]);
  for (const words of [
    ['set', `127.0.0.1:${statsd.port}`, '--protocol', 'udp'],
    ['prometheus', 'on'],
  ]) {
    const set = ['metrics', ...words, '--admin', first.adminUrl];
    const { code, stderr } = await runCommand(t, set, { CT_ADMIN_TOKEN: adminToken });
    if (code !== 0) throw new Error(stderr);
  }
  // It begins with what is set for all.
  const doors = [first, await start(logs[1])] as const;
  const edge = startEdgeOf(t, doors, 'edge-1', { CT_LOG_DIR: logs[0] });
  for (const door of doors)
    await eventually(async () => (await door.edges()).some(isReady), 'the edge is ready');
  // What a front door counted before it tells StatsD for the first time is not told: each is asked for what the other is not.
  const asked = [
    { path: '/ct-health/', class: '2xx' },
    { path: '/nothing-here', class: '4xx' },
  ];
  for (const [i, question] of asked.entries())
    await eventually(async () => {
      await fetch(`http://${doors[i]!.host}${question.path}`);
      const told = Object.keys(await statsd.counters());
      return told.some((name) => name.includes('exchanges_total') && name.includes(question.class));
    }, 'StatsD is told by it');
  return {
    mode: 'several',
    origins: doors.map((door) => `http://${door.host}`),
    logs,
    dataDir,
    statsd,
    pids: () => Promise.resolve([edge, ...doors.map(({ pid }) => pid)]),
    rowsOf: async (table) => Number((await server.ask(`SELECT COUNT(*) FROM ${table}`, schema))[0]?.[0]),
  };
}
