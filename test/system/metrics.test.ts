/** What monitoring systems get: real StatsD servers are told, a real Prometheus asks, and who may not read it is refused. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { grafanaExpressions } from '../../docs/generate/grafana-dashboard.ts';
import { startEdgeOf } from '../support/edge-process.ts';
import { adminToken, ask, makeDataDir, startFrontDoor } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { runCommand } from '../support/run-command.ts';
import { awaitEdges, instanceOf, often, openMember, testStatsd } from '../support/statsd-pool.ts';
import { StatsdServer } from '../support/statsd-server.ts';

const token = 'a token for metrics only';

testStatsd('udp');

test('a StatsD server is set for all front doors; one that is away costs a line in the log, and gets what comes later', async (t) => {
  const dataDir = makeDataDir(t);
  const one = await startFrontDoor(t, { dataDir, settings: often });
  const two = await startFrontDoor(t, { dataDir, settings: often });
  const mooring = async (...words: string[]): Promise<string> => {
    const env = { CT_ADMIN_TOKEN: adminToken };
    const { code, stdout, stderr } = await runCommand(t, ['metrics', ...words, '--admin', one.adminUrl], env);
    return code === 0 ? stdout : stderr;
  };
  assert.match(await mooring(), /no StatsD server is told \(by the settings\)/);
  assert.match(await mooring('set', '127.0.0.1:99999'), /port/);
  assert.match(
    await mooring('set', '127.0.0.1', '--labels', 'tags'),
    /--labels must be one of name, dogstatsd/,
  );

  const port = await freePort();
  assert.match(
    await mooring('set', `127.0.0.1:${port}`, '--protocol', 'tcp'),
    /tcp +mooring\. +name +- +fleet/,
  );
  const failure = ({ event }: { event: string }): boolean => event === 'statsd.failed';
  for (const door of [one, two]) await door.log.next(failure, 'the line that says it');
  const audit = await one.log.next(({ event }) => event === 'admin.acted', 'the audit line');
  assert.equal(audit['after'], `StatsD tcp://127.0.0.1:${port}, Prometheus by the settings`);

  const statsd = await StatsdServer.start(t, 'tcp');
  await mooring('set', `127.0.0.1:${statsd.port}`, '--protocol', 'tcp', '--prefix', 'later.');
  const arrives = async (): Promise<boolean> =>
    (await statsd.gauges())['later.ct_pool_sessions_active'] === 0;
  await eventually(arrives, 'the figures arrive');
  const own = [one, two].map(({ host }) => `later.${instanceOf(host)}.ct_proxy_directory_up`);
  const areApart = async (): Promise<boolean> => {
    const gauges = await statsd.gauges();
    return own.every((name) => gauges[name] === 1);
  };
  await eventually(areApart, 'two of one host do not take each other’s place');
  for (const door of [one, two])
    assert.equal(door.log.items.filter(failure).length, 1, 'one line for as long as it takes');
  assert.match(await mooring('off'), /no StatsD server is told \(by the fleet\)/);
  assert.match(await mooring('reset'), /no StatsD server is told \(by the settings\)/);
});

test('Prometheus reads front door and edge, and its own checker finds no fault with the text', async (t) => {
  for (const program of ['/usr/bin/prometheus', '/usr/bin/promtool'])
    if (!existsSync(program))
      throw new Error('Prometheus is needed for this test; as root: apt-get install -y prometheus');
  const settings = { CT_PROMETHEUS_ENABLED: 'true', CT_METRICS_ALLOW: '10.0.0.0/8', CT_METRICS_TOKEN: token };
  const door = await startFrontDoor(t, { settings });
  startEdgeOf(t, [door], 'edge-1');
  await awaitEdges(door, 1);
  for (const key of ['one', 'two']) await openMember(t, door, key);
  const edgeAdmin = (await door.edges()).find(({ id }) => id === 'edge-1') as unknown as {
    adminAddress: string;
  };

  assert.equal((await ask(door, '/metrics')).status, 401);
  const wrong = await ask(door, '/metrics', { headers: { authorization: 'Bearer another token' } });
  assert.equal(wrong.status, 401);
  const read = await ask(door, '/metrics', { headers: { authorization: `Bearer ${token}` } });
  assert.equal(read.status, 200);
  const edgeText = await (await fetch(`${edgeAdmin.adminAddress}/metrics`)).text();
  const isThere = (name: string): boolean => [read.text, edgeText].some((text) => text.includes(`${name} `));
  const named = grafanaExpressions.flatMap((text) => text.match(/\b(?:ct|nodejs|process)_\w+/g) ?? []);
  const unknown = named.map((name) => name.replace(/_bucket$/, '')).filter((name) => !isThere(name));
  assert.deepEqual(unknown, [], 'the dashboard shows what there is');
  for (const input of [read.text, edgeText])
    execFileSync('promtool', ['check', 'metrics'], { input, stdio: ['pipe', 'ignore', 'pipe'] });

  const prometheus = await Prometheus.start(t, [
    { job: 'front-door', target: door.host, token },
    { job: 'edge', discovery: `${door.adminUrl}/admin/metrics/targets` },
  ]);
  const figures = async (): Promise<unknown> => [
    await prometheus.query('sum(up)'),
    await prometheus.query('ct_pool_sessions_active'),
    await prometheus.query('sum(ct_edge_sessions)'),
  ];
  await eventually(
    async () => JSON.stringify(await figures()) === '[2,2,2]',
    'Prometheus has what both of them say',
  );
  assert.equal(await prometheus.query('sum(ct_edge_sessions{edge="edge-1"})'), 2, 'and which edge it is');
  for (const text of grafanaExpressions)
    assert.equal(await prometheus.ask(text.replace('$__rate_interval', '1m')), 200, text);
});

test('each alert fires when it should, by the checker of Prometheus', () => {
  const cwd = join(import.meta.dirname, '../../deploy/prometheus');
  const promtool = (...args: string[]): string => execFileSync('promtool', args, { cwd, encoding: 'utf8' });
  assert.match(promtool('check', 'rules', 'mooring-alerts.yml'), /SUCCESS: 10 rules found/);
  assert.match(promtool('test', 'rules', 'mooring-alerts.test.yml'), /SUCCESS/);
});

test('on the port for clients nothing is served unless it is wanted, and nobody is let in by a field that he writes', async (t) => {
  const closed = await startFrontDoor(t);
  assert.equal((await ask(closed, '/metrics')).status, 404);
  const settings = {
    CT_PROMETHEUS_ENABLED: 'true',
    CT_METRICS_ALLOW: '10.0.0.0/8',
    CT_METRICS_TOKEN: token,
    CT_TRUSTED_PROXIES: '127.0.0.2',
  };
  const door = await startFrontDoor(t, { settings });
  const forged = await ask(door, '/metrics', { headers: { 'x-forwarded-for': '10.0.0.1' } });
  assert.equal(forged.status, 401, 'this client is no trusted proxy');
  const open = await startFrontDoor(t, {
    settings: { CT_PROMETHEUS_ENABLED: 'true', CT_METRICS_TOKEN: token, CT_TRUSTED_PROXIES: '127.0.0.2' },
  });
  assert.equal((await ask(open, '/metrics')).status, 200, 'this machine may read it');
  for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via']) {
    const passedOn = await ask(open, '/metrics', { headers: { [name]: '203.0.113.7' } });
    assert.equal(passedOn.status, 401, `a proxy of this machine brought somebody else, says ${name}`);
  }
  const known = { authorization: `Bearer ${token}`, via: '1.1 proxy' };
  assert.equal((await ask(open, '/metrics', { headers: known })).status, 200, 'who has the token may');
  const posted = await ask(door, '/metrics', { method: 'POST' });
  assert.equal(posted.status, 405);
});

interface Job {
  readonly job: string;
  readonly target?: string;
  /** Where the front door tells the targets. */
  readonly discovery?: string;
  readonly token?: string;
}

class Prometheus {
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  static async start(t: TestContext, jobs: readonly Job[]): Promise<Prometheus> {
    const folder = makeDataDir(t);
    const config = {
      global: { scrape_interval: '1s' },
      scrape_configs: jobs.map(({ job, target, discovery, token: credentials }) => ({
        job_name: job,
        ...(target === undefined ? {} : { static_configs: [{ targets: [target] }] }),
        ...(discovery === undefined
          ? {}
          : {
              http_sd_configs: [
                { url: discovery, authorization: { type: 'Bearer', credentials: adminToken } },
              ],
            }),
        ...(credentials === undefined ? {} : { authorization: { credentials } }),
      })),
    };
    const path = join(folder, 'prometheus.yml');
    // JSON is YAML, too.
    writeFileSync(path, JSON.stringify(config));
    const port = await freePort();
    const child = spawn(
      '/usr/bin/prometheus',
      [
        `--config.file=${path}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    const exited = once(child, 'exit');
    t.after(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    return new Prometheus(`http://127.0.0.1:${port}`);
  }

  /** Status of the answer to an expression. */
  async ask(text: string): Promise<number> {
    return (await fetch(`${this.#url}/api/v1/query?query=${encodeURIComponent(text)}`)).status;
  }

  /** The first value of the answer; undefined while there is none. */
  async query(text: string): Promise<number | undefined> {
    const url = `${this.#url}/api/v1/query?query=${encodeURIComponent(text)}`;
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok !== true) return undefined;
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return data.result[0] === undefined ? undefined : Number(data.result[0].value[1]);
  }
}
