/** What administrators of the original product know, by its names and paths, on a single server and on several. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import type { TriedRow } from '../../docs/generate/original-rows.ts';
import { originalRows } from '../../docs/generate/original-rows.ts';
import { clientFiles, login, publicUrl, startSeveral, startSingle } from '../support/both-modes.ts';
import type { ModeScene } from '../support/both-modes.ts';
import { eventually } from '../support/oct-inbox.ts';

type Check = (t: TestContext, scene: ModeScene) => Promise<void>;

const key = 'session-of-two';

/** Sum over all front doors, or what one of them says of the whole pool. */
async function figure({ origins }: ModeScene, name: string): Promise<number> {
  const isCounter = name.includes('_total');
  let sum = 0;
  for (const origin of isCounter ? origins : origins.slice(0, 1)) {
    const text = await (await fetch(`${origin}/metrics`)).text();
    for (const [, value] of text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm')))
      sum += Number(value);
  }
  return sum;
}

async function open(t: TestContext, origin: string, headers: Record<string, string>): Promise<void> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/y/${key}/notes`, { headers });
  t.after(() => socket.terminate());
  await once(socket, 'open');
}

function textOf({ logs }: ModeScene, pattern: RegExp): string {
  const files = logs.flatMap((folder) => readdirSync(folder).map((name) => [folder, name] as const));
  return files
    .map(([folder, name]) => (pattern.test(name) ? readFileSync(join(folder, name), 'utf8') : ''))
    .join('');
}

async function says(scene: ModeScene, file: RegExp, ...patterns: readonly RegExp[]): Promise<void> {
  for (const pattern of patterns)
    await eventually(() => pattern.test(textOf(scene, file)), `${file} says ${pattern}`);
}

const metricNames = {
  ct_pool_users_online: 2,
  ct_pool_sessions_active: 1,
  ct_pool_session_connections_active: 2,
  ct_pool_sessions_hosted_total: 1,
  ct_pool_client_downloads_total: 3,
} as const;

/** In their order: later ones count what earlier ones have done. */
const checks: Readonly<Record<TriedRow, Check>> = {
  async stickiness(t, { origins }) {
    // One member by the header of an IDE, one by the cookie of a browser, through different front doors.
    await open(t, origins[0]!, { ctstickiness: key });
    await open(t, origins.at(-1)!, { cookie: `ctstickiness=${key}` });
  },
  async clients(_, { origins }) {
    for (const path of Object.values(clientFiles)) {
      const answer = await fetch(`${origins.at(-1)}/clients/${path}`);
      assert.equal((await answer.bytes()).length, 1_000, path);
    }
  },
  async serverUrl(_, { origins }) {
    for (const origin of origins)
      assert.match(await (await fetch(`${origin}/clients/`)).text(), new RegExp(publicUrl));
  },
  async licence(_, scene) {
    await eventually(
      async () => (await figure(scene, 'ct_pool_licence_connections')) === 2,
      'both connections have a seat',
    );
    assert.equal(await figure(scene, 'ct_pool_licence_connections_max'), 250);
  },
  async logsUser(_, { origins }) {
    for (const origin of origins)
      assert.equal((await fetch(`${origin}/dashboard/viewer`, { headers: login })).status, 200);
  },
  async dashboardPath(_, { origins }) {
    for (const origin of origins) {
      const asked = await fetch(`${origin}/dashboard`, { headers: { accept: 'text/html' } });
      assert.match(asked.url, /\/dashboard\/login\?next=/);
      const page = await fetch(`${origin}/dashboard/`, { headers: { ...login, accept: 'text/html' } });
      assert.match(await page.text(), /<title>/);
    }
  },
  async locatorConfig(_, { rowsOf, dataDir }) {
    if (rowsOf === undefined) return assert.ok(existsSync(join(dataDir, 'directory.sqlite')));
    await eventually(
      async () => (await rowsOf('mooring_history_session')) === 1,
      'metrics are in the database',
    );
    assert.ok(!existsSync(join(dataDir, 'directory.sqlite')));
  },
  async health(_, { origins }) {
    for (const origin of origins) assert.equal((await fetch(`${origin}/ct-health/`)).status, 200);
  },
  async metricsPath(_, { origins }) {
    for (const origin of origins)
      assert.match(
        await (await fetch(`${origin}/metrics`)).text(),
        /^# TYPE ct_pool_sessions_active gauge$/m,
      );
  },
  async sixMetrics(_, scene) {
    for (const [name, value] of Object.entries(metricNames))
      await eventually(async () => (await figure(scene, name)) === value, `${name} is ${value}`);
    assert.ok((await figure(scene, 'ct_pool_server_lag_seconds')) >= 0);
  },
  async statsd(_, { statsd }) {
    const told = async (name: string): Promise<number | undefined> => {
      const all = { ...(await statsd.gauges()), ...(await statsd.counters()) };
      const own = Object.entries(all).filter(([full]) => full.includes(name));
      return own.length === 0 ? undefined : own.reduce((sum, [, value]) => sum + value, 0);
    };
    for (const [name, value] of Object.entries(metricNames))
      await eventually(async () => (await told(name)) === value, `StatsD is told ${name}`);
    assert.ok((await told('ct_pool_server_lag_seconds')) !== undefined);
  },
  async downloadCount(_, scene) {
    const line = 'GET /clients/eclipse/plugins/com.genuitec.eclipse.codetogether.core_';
    const files = scene.logs.map((folder) => join(folder, 'access.log')).join(' ');
    const count = (): string =>
      execFileSync('sh', ['-c', `cat ${files} | grep "${line}" | wc -l`], { encoding: 'utf8' }).trim();
    await eventually(() => count() === '1', 'the well-known command counts one');
  },
  async logLines(_, scene) {
    const ports = scene.origins.map((origin) => new URL(origin).port);
    const patterns = ports.map((port) => new RegExp(`services now available on port ${port} \\(HTTP\\)`));
    await says(
      scene,
      /^server\.log$/,
      ...patterns,
      /Valid Mooring licence installed/,
      /"event":"edge\.joined"/,
    );
    await says(scene, /^edge-.*\.log$/, /edge edge-1 ready; connected to Locator for assignments/);
  },
  async logFiles(_, scene) {
    await says(scene, /^sessions\.log$/, /event=session\.created /, /event=member\.joined /);
    await says(scene, /^download-metrics\.csv$/, /"vscode","2\.0\.0-b00405"/);
    await says(scene, /^access\.log$/, /"GET \/clients\/vscode\/\S+ HTTP\/1\.1" 200 1000 /);
  },
  async logsPath(_, { origins }) {
    for (const origin of origins) {
      assert.equal((await fetch(`${origin}/logs/server.log`)).status, 401);
      const log = await fetch(`${origin}/logs/server.log`, { headers: login });
      assert.match(await log.text(), /process\.ready/);
    }
  },
  async fileDownloads(_, { origins }) {
    for (const origin of origins) {
      const archive = await fetch(`${origin}/dashboard/logs/metrics.tar.gz`, { headers: login });
      assert.deepEqual([archive.status, (await archive.bytes()).length > 0], [200, true]);
    }
  },
  async ports(_, { origins, pids }) {
    const own = new Set((await pids()).map(String));
    const lines = execFileSync('ss', ['-Hltnp'], { encoding: 'utf8' }).split('\n');
    const places = lines
      .filter((line) => [...line.matchAll(/pid=(\d+)/g)].some(([, pid]) => own.has(pid!)))
      .map((line) => line.split(/\s+/)[3]!);
    const open = places.filter((place) => !place.startsWith('127.0.0.1:'));
    assert.deepEqual(open.toSorted(), origins.map((origin) => `0.0.0.0:${new URL(origin).port}`).toSorted());
    assert.ok(places.length > open.length);
  },
};

for (const [mode, start] of [
  ['a single server', startSingle],
  ['several servers', startSeveral],
] as const)
  test(`${mode} give an administrator of the original product what the table says`, async (t) => {
    const scene = await start(t);
    for (const [row, check] of Object.entries(checks))
      await t.test(originalRows[row as TriedRow].original, async () => await check(t, scene));
  });
