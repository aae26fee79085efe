/**
 * A whole pool as a newcomer starts it: `mooring direct` as a real process on free ports and a fresh data
 * folder. Reads its log, so that tests can ask which edge carried what; fails a test whose pool crashed.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { deriveFleetSecrets, hashKeyForLog } from '#shared/fleet-secrets.ts';
import type { AffinityKey } from '#shared/ids.ts';
import { letGo } from './child-end.ts';
import { readUpgrades } from './front-door.ts';
import { eventually } from './oct-inbox.ts';

const command = join(import.meta.dirname, '../../bin/mooring.js');
const stopMaxMs = 40_000;
/** Five processes start on however busy a machine; the supervisor itself gives each 30 s. */
const readyMaxMs = 60_000;

export interface LogLine {
  readonly event: string;
  readonly level: string;
  readonly role: string;
  readonly [fact: string]: unknown;
}

export interface EdgeView {
  readonly id: string;
  readonly state: string;
  readonly incarnation: number;
  readonly address: string;
  readonly pins: number;
  readonly load?: { readonly sessions: number; readonly members: number };
}

export interface DrainView {
  readonly edge: string;
  readonly state: string;
  readonly moved: number;
  readonly failed: number;
  readonly left: number;
}

/** Starts a pool that ends with the test, whose data folder goes with it unless `dataDir` is given. */
export async function startPool(
  t: TestContext,
  options: { env?: Record<string, string>; dataDir?: string } = {},
): Promise<Pool> {
  const { pool, close } = openPool(options);
  t.after(close);
  await pool.waitUntilReady();
  return pool;
}

/** A pool for a whole suite; `close` stops it and throws what was wrong with its life. */
export function openPool(options: { env?: Record<string, string>; dataDir?: string } = {}): {
  pool: Pool;
  close: () => Promise<void>;
} {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'mooring-test-'));
  const pool = new Pool(dataDir, options.env ?? {});
  const close = async (): Promise<void> => {
    const fault = await pool.stop();
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    if (fault !== undefined) throw new Error(fault);
  };
  return { pool, close };
}

export class Pool {
  readonly dataDir: string;
  readonly lines: LogLine[] = [];
  readonly #process: ChildProcess;
  #output = '';
  #readyLine: string | undefined;
  #ended: { code: number | null; signal: string | null } | undefined;

  constructor(dataDir: string, env: Record<string, string>) {
    this.dataDir = dataDir;
    this.#process = spawn(process.execPath, [command, 'direct'], {
      // By the end of the channel the pool notices that its test is gone, and ends too.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...withoutSettings(process.env), ...freePorts, CT_DATA_DIR: dataDir, ...env },
    });
    createInterface({ input: this.#process.stdout! }).on('line', (line) => this.#onLine(line));
    this.#process.stderr!.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString('utf8');
    });
    this.#process.once('exit', (code, signal) => {
      this.#ended = { code, signal };
    });
    letGo(this.#process);
  }

  async waitUntilReady(): Promise<void> {
    await eventually(
      () => {
        if (this.#ended !== undefined) throw new Error(`the pool ended: ${this.#output}`);
        return this.#readyLine !== undefined;
      },
      'the pool is ready',
      readyMaxMs,
    );
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** Lines for people, but for the ready line, and whatever went wrong. */
  get output(): string {
    return this.#output;
  }

  get readyLine(): string {
    return this.#readyLine!;
  }

  /** Without a slash at its end. */
  get url(): string {
    return `http://127.0.0.1:${this.ports['http']}`;
  }

  get ports(): Readonly<Record<string, number>> {
    const state = JSON.parse(readFileSync(join(this.dataDir, 'mooring.json'), 'utf8')) as {
      ports: Record<string, number>;
    };
    return state.ports;
  }

  /** Process id of `front door` or `edge-N`, once the supervisor has told that it runs. */
  async childPid(name: string): Promise<number> {
    const newest = (): LogLine | undefined =>
      this.lines.findLast(
        ({ event, child }) => (event === 'child.started' || event === 'child.exited') && child === name,
      );
    await eventually(() => newest()?.event === 'child.started', `${name} is started`);
    return Number(newest()!['childPid']);
  }

  async edges(): Promise<EdgeView[]> {
    return (await this.#ask<{ edges: EdgeView[] }>('/admin/edges')).edges;
  }

  async status(): Promise<{ ready: number; pins: number }> {
    return await this.#ask('/admin/status');
  }

  /** The key's pin in the directory. */
  async where(key: string): Promise<{ edge: string; epoch: number }> {
    return await this.#ask(`/admin/where?key=${encodeURIComponent(key)}`);
  }

  /** Name of the edge that answers for the key. */
  async edgeOf(key: string): Promise<string> {
    const response = await fetch(`${this.url}/ct-health/`, { headers: { ctstickiness: key } });
    return ((await response.json()) as { edge: string }).edge;
  }

  /** What the front door logged of the key's exchanges that are over. */
  settledOf(key: string): LogLine[] {
    const hash = hashKeyForLog(deriveFleetSecrets(this.secret('join')), key as AffinityKey);
    return this.lines.filter((line) => line.event === 'exchange.settled' && line['key'] === hash);
  }

  /** How many upgrades the front door has let edges carry or carried itself, by `carrier reason`. */
  async upgrades(): Promise<Record<string, number>> {
    return await readUpgrades(`http://127.0.0.1:${this.ports['admin']}`);
  }

  /** A secret that the pool made for itself. */
  secret(name: string): string {
    return readFileSync(join(this.dataDir, `${name}.secret`), 'utf8').trim();
  }

  /** Nobody reads the pool's log any more, as when a log collector died. */
  closeLog(): void {
    this.#process.stdout!.destroy();
  }

  /** Starts one more edge by hand, as on another machine; ends with the test. */
  addEdge(t: TestContext, id: string): void {
    const edge = spawn(process.execPath, [command, 'edge', '--edge-id', id], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {
        ...withoutSettings(process.env),
        CT_LOCATOR: `ws://127.0.0.1:${this.ports['control']}`,
        CT_JOIN_TOKEN: this.secret('join'),
        CT_SESSION_SECRET: this.secret('session'),
        CT_DATA_DIR: this.dataDir,
        CT_EDGE_PORT: '0',
        CT_ADMIN_PORT: '0',
      },
    });
    const exited = once(edge, 'exit');
    letGo(edge);
    t.after(async () => {
      edge.ref();
      edge.kill('SIGTERM');
      const [code] = (await exited) as [number | null];
      if (code !== 0) throw new Error(`${id} ended with ${code}`);
    });
  }

  /** Stops the pool and returns what was wrong with its life; undefined when nothing was. */
  async stop(): Promise<string | undefined> {
    if (this.#ended === undefined) {
      const exited = once(this.#process, 'exit');
      const kill = setTimeout(() => this.#process.kill('SIGKILL'), stopMaxMs);
      this.#process.kill('SIGTERM');
      await exited;
      clearTimeout(kill);
    }
    const failed = this.lines.find((line) => line.event === 'process.failed');
    if (failed !== undefined) return `a process of the pool failed: ${JSON.stringify(failed)}`;
    if (this.#ended?.code !== 0) return `the pool ended with ${JSON.stringify(this.#ended)}: ${this.#output}`;
    return undefined;
  }

  /** What is left in the data folder of a pool that runs. */
  get isRunningHere(): boolean {
    return existsSync(join(this.dataDir, 'mooring.json'));
  }

  #onLine(text: string): void {
    if (text.startsWith('{')) this.lines.push(JSON.parse(text) as LogLine);
    else if (text.startsWith('mooring direct ready')) this.#readyLine = text;
    else this.#output += `${text}\n`;
  }

  /** Changes something by the admin API; gives the status with the answer, whose `code` names a refusal. */
  async act(path: string, body: object): Promise<{ status: number; answer: Record<string, unknown> }> {
    const response = await this.#call(path, { method: 'POST', body: JSON.stringify(body) });
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
  }

  /** Looks at something by the admin API. */
  async look(path: string): Promise<{ status: number; answer: Record<string, unknown> }> {
    const response = await this.#call(path);
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
  }

  async drains(): Promise<DrainView[]> {
    return (await this.#ask<{ drains: DrainView[] }>('/admin/drains')).drains;
  }

  async #ask<T>(path: string): Promise<T> {
    return (await (await this.#call(path)).json()) as T;
  }

  async #call(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${this.secret('admin')}` };
    return await fetch(`http://127.0.0.1:${this.ports['admin']}${path}`, { ...init, headers });
  }
}

const freePorts = {
  CT_HTTP_PORT: '0',
  CT_HTTPS_PORT: '0',
  CT_ADMIN_PORT: '0',
  CT_CONTROL_PORT: '0',
  CT_STOP_GRACE_MS: '1000',
};

/** Settings of whoever runs the tests must not reach the pool. */
function withoutSettings(env: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(env).filter(([name]) => !name.startsWith('CT_'));
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
