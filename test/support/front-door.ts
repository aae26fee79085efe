/**
 * A front door for tests: `mooring proxy` as a process of its own on free ports. Every start promises a
 * clean end: the test fails when the process crashed, warned on standard error, or did not stop with exit 0.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from '#shared/node-http.ts';
import { letGo } from './child-end.ts';
import type { Lifetime } from './child-end.ts';
import { eventually, Inbox } from './oct-inbox.ts';
import { checkPath } from './static-backend.ts';
import type { BackendAnswer, StaticBackend } from './static-backend.ts';

export const command = fileURLToPath(new URL('../../bin/mooring.js', import.meta.url));
export const adminToken = 'an admin token for tests only';
export const fleetSecret = 'a fleet secret for tests only';
const endMaxMs = 15_000;
/**
 * For tests that look at a backend that fails. In all others backends are well: they live in the process of the test, which a busy
 * machine, or a certificate in the making, keeps from an answer for a while.
 */
export const quickToFall = { CT_BACKEND_CHECK_INTERVAL_MS: '100', CT_BACKEND_CHECK_FALL: '5' };

type BackendView = Pick<StaticBackend, 'name' | 'url' | 'passesChecks'>;

export interface FrontDoorOptions {
  /** Static backends; without any, edges join on the control port. */
  readonly backends?: readonly (
    BackendView | { readonly backend: BackendView; readonly weight: number; readonly proxy?: string }
  )[];
  readonly settings?: Readonly<Record<string, string>>;
  /** Shared by front doors that use one directory; otherwise one of its own. */
  readonly dataDir?: string;
  /** Path of another command. */ readonly program?: string;
}

export interface LogLine {
  readonly event: string;
  readonly level: string;
  readonly [fact: string]: unknown;
}

/** A folder that goes away with the test. */
export function makeDataDir(t: Lifetime): string {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The environment without `CT_*`, so that the machine's own settings never reach a test. */
export function plainEnv(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('CT_'));
  return { ...Object.fromEntries(inherited), ...settings };
}

/** Starts a front door; with static backends it resolves once all that pass their checks are ready. */
export async function startFrontDoor(t: Lifetime, options: FrontDoorOptions = {}): Promise<FrontDoor> {
  const dataDir = options.dataDir ?? makeDataDir(t);
  const backends = (options.backends ?? []).map((item) =>
    'backend' in item ? item : { backend: item, weight: 100, proxy: undefined },
  );
  const flags = backends.flatMap(({ backend, weight, proxy }) => [
    '--backend',
    `${backend.name}=${backend.url};weight=${weight}${proxy === undefined ? '' : `;proxy=${proxy}`}`,
  ]);
  const env = plainEnv({
    CT_HTTP_PORT: '0',
    CT_HTTPS_PORT: '0',
    CT_ADMIN_PORT: '0',
    CT_CONTROL_PORT: '0',
    CT_DATA_DIR: dataDir,
    CT_ADMIN_TOKEN: adminToken,
    CT_JOIN_TOKEN: fleetSecret,
    CT_SESSION_SECRET: fleetSecret,
    CT_STOP_GRACE_MS: '500',
    CT_BACKEND_CHECK_PATH: checkPath,
    CT_BACKEND_CHECK_INTERVAL_MS: '2000',
    CT_BACKEND_CHECK_FALL: '100',
    ...options.settings,
  });
  // By the end of the channel the front door notices that its test is gone, and ends too.
  const stdio = ['ignore', 'pipe', 'pipe', 'ipc'] as const;
  const child = spawn(process.execPath, [options.program ?? command, 'proxy', ...flags], {
    env,
    stdio: [...stdio],
  });
  const door = new FrontDoor(child, dataDir);
  t.after(async () => await door.end());
  await door.listening();
  const expected = backends.filter(({ backend }) => backend.passesChecks).length;
  await eventually(async () => (await door.edges()).filter(isReady).length >= expected, 'backends are ready');
  return door;
}

export interface EdgeView {
  readonly id: string;
  readonly state: string;
  readonly breaker: string;
  readonly pins: number;
}

export class FrontDoor {
  readonly dataDir: string;
  readonly log = new Inbox<LogLine>();
  readonly #child: ChildProcess;
  readonly #lines = new Inbox<string>();
  readonly #exited: Promise<string>;
  #ports = { http: 0, https: 0, admin: 0, control: 0 };
  #stderr = '';
  #rest = '';
  #isKilled = false;

  constructor(child: ChildProcess, dataDir: string) {
    this.#child = child;
    this.dataDir = dataDir;
    letGo(child);
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#exited = promise;
    child.once('close', (code, signal) => {
      this.#lines.add('ended');
      resolve(signal ?? `exit ${code}`);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#readLines(text));
  }

  get port(): number {
    return this.#ports.http;
  }

  /** 0 where it has no certificate. */
  get httpsPort(): number {
    return this.#ports.https;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get controlPort(): number {
    return this.#ports.control;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get adminUrl(): string {
    return `http://127.0.0.1:${this.#ports.admin}`;
  }

  /** Waits for the line that tells the ports. */
  async listening(): Promise<void> {
    const line = await this.#lines.next(
      (text) => text.startsWith('mooring proxy ready') || text === 'ended',
      'the ready line',
    );
    assert.notEqual(line, 'ended', `the front door did not start: ${this.#stderr}`);
    this.#ports = {
      http: Number(/http:\/\/[^:]+:(\d+)/.exec(line)?.[1]),
      https: Number(/https:\/\/[^:]+:(\d+)/.exec(line)?.[1] ?? 0),
      admin: Number(/admin on (\d+)/.exec(line)?.[1]),
      control: Number(/edges join on (\d+)/.exec(line)?.[1] ?? 0),
    };
  }

  async edges(): Promise<EdgeView[]> {
    return (await this.#admin<{ edges: EdgeView[] }>('/admin/edges')).edges;
  }

  async where(key: string): Promise<{ edge: string; epoch: number; ownerIsOver: boolean }> {
    return await this.#admin(`/admin/where?key=${key}`);
  }

  /** Status of the answer to an order to move a session. */
  async move(key: string, edge: string): Promise<number> {
    const response = await fetch(`${this.adminUrl}/admin/move`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminToken}` },
      body: JSON.stringify({ key, edge }),
    });
    return response.status;
  }

  /** Sum over all label sets of one metric. */
  async metric(name: string): Promise<number> {
    const values = await this.metricLines(name);
    return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  /** Its values as the page has them, with their labels. */
  async metricLines(name: string): Promise<string[]> {
    const text = await (await fetch(`${this.adminUrl}/metrics`)).text();
    return text.split('\n').filter((line) => line.startsWith(name) && /[ {]/.test(line[name.length]!));
  }

  /** Kills the process, and takes its end for a good one. */
  async kill(): Promise<void> {
    await this.#stop('SIGKILL');
    this.#isKilled = true;
  }

  /** Stops the process as an administrator would, and checks that its life was clean. */
  async end(): Promise<void> {
    const end = await this.#stop('SIGTERM');
    const failures = this.log.items.filter(
      (line) => line.event === 'process.failed' || line['code'] === 'internal',
    );
    assert.deepEqual(failures, [], 'the front door met no error that nobody expected');
    assert.equal(this.#stderr, '', 'the front door had nothing to say on standard error');
    assert.equal(end, this.#isKilled ? 'SIGKILL' : 'exit 0');
  }

  async #stop(signal: NodeJS.Signals): Promise<string> {
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), endMaxMs);
    this.#child.kill(signal);
    const end = await this.#exited;
    clearTimeout(kill);
    return end;
  }

  async #admin<T>(path: string): Promise<T> {
    const response = await fetch(this.adminUrl + path, {
      headers: { authorization: `Bearer ${adminToken}` },
    });
    return (await response.json()) as T;
  }

  #readLines(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith('{')) this.log.add(JSON.parse(line) as LogLine);
      else this.#lines.add(line);
    }
  }
}

export function isReady(edge: EdgeView): boolean {
  return edge.state === 'ready';
}

/** `ct_proxy_upgrades_total`, by `carrier reason`. */
export async function readUpgrades(adminUrl: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const found = text.matchAll(/^ct_proxy_upgrades_total\{carrier="(.*?)",reason="(.*?)"\} (\d+)/gm);
  return Object.fromEntries(
    [...found].map(([, carrier, reason, count]) => [`${carrier} ${reason}`, Number(count)]),
  );
}

export { eventually as until };

export interface Asked {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The backend's answer, or the front door's own. */
  readonly json: Partial<BackendAnswer> & { readonly code?: string };
}

/** One plain request on a connection of its own. */
export async function ask(
  door: FrontDoor,
  path: string,
  options: { headers?: Record<string, string>; method?: string; body?: string | Buffer } = {},
): Promise<Asked> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request({
    host: '127.0.0.1',
    port: door.port,
    path,
    method: options.method ?? 'GET',
    headers: options.headers ?? {},
    agent: false,
  });
  sent.once('response', resolve);
  sent.on('error', reject);
  sent.end(options.body);
  const response = await promise;
  let text = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  const isJson = response.headers['content-type']?.startsWith('application/json') ?? false;
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    json: isJson ? (JSON.parse(text) as Asked['json']) : {},
  };
}
