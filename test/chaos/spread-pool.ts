/**
 * A pool whose members are processes of their own, as on several machines: a front door and edges, one of them in a
 * network namespace. They end with this process at the latest.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { adminToken, command, fleetSecret, plainEnv } from '../support/front-door.ts';
import type { EdgeView } from '../support/pool.ts';
import type { NetNamespace } from './net-namespace.ts';
import { keepsLooking } from './patience.ts';
import type { PoolLine } from './pool-history.ts';

const readyMaxMs = 60_000;
const stopMaxMs = 20_000;
const answerMaxMs = 15_000;

export interface SpreadOptions {
  readonly dataDir: string;
  /** Names of the edges on this side. */
  readonly near: readonly string[];
  /** The edge in the namespace, if there is one. */
  readonly far?: { readonly id: string; readonly space: NetNamespace };
  /** Of Node, for the edges. */
  readonly edgeFlags?: readonly string[];
}

export class SpreadPool {
  readonly lines: PoolLine[] = [];
  readonly joinToken = fleetSecret;
  readonly #options: SpreadOptions;
  readonly #children: ChildProcess[] = [];
  readonly #readyLines: string[] = [];
  #stderr = '';
  #ports = { http: 0, admin: 0, control: 0 };

  private constructor(options: SpreadOptions) {
    this.#options = options;
  }

  static async open(options: SpreadOptions): Promise<SpreadPool> {
    const pool = new SpreadPool(options);
    try {
      await pool.#start();
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports.http}`;
  }

  async edges(): Promise<EdgeView[]> {
    const response = await this.#call('/admin/edges', {});
    return ((await response.json()) as { edges: EdgeView[] }).edges;
  }

  async act(path: string, body: object): Promise<{ status: number; answer: unknown }> {
    const response = await this.#call(path, { method: 'POST', body: JSON.stringify(body) });
    return { status: response.status, answer: await response.json() };
  }

  get edgePids(): readonly number[] {
    return this.#children.slice(1).map(({ pid }) => pid!);
  }

  /** What the processes said that is no line of the log. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Stops all, edges first; throws when one of them failed. */
  async close(): Promise<void> {
    const [front, ...edges] = this.#children;
    const codes = await Promise.all(edges.map(async (edge) => await stop(edge, 'SIGINT')));
    if (front !== undefined) codes.push(await stop(front, 'SIGTERM'));
    this.#children.length = 0;
    if (codes.some((code) => code !== 0))
      throw new Error(`the pool ended with ${codes.join(', ')}: ${this.#stderr}`);
  }

  async #start(): Promise<void> {
    const { near, far, edgeFlags = [] } = this.#options;
    const controlHost = far?.space.outerAddress ?? '127.0.0.1';
    const settings = { CT_HTTP_PORT: '0', CT_CONTROL_PORT: '0', CT_CONTROL_HOST: controlHost };
    this.#spawn([process.execPath, command, 'proxy'], settings);
    await keepsLooking(() => this.#readyLines.length === 1, 'the front door is ready', readyMaxMs);
    const line = this.#readyLines[0]!;
    const portIn = (pattern: RegExp): number => Number(pattern.exec(line)?.[1]);
    this.#ports = {
      http: portIn(/http:\/\/[^:]+:(\d+)/),
      admin: portIn(/admin on (\d+)/),
      control: portIn(/edges join on (\d+)/),
    };
    const locator = { CT_LOCATOR: `ws://${controlHost}:${this.#ports.control}`, CT_EDGE_PORT: '0' };
    const edge = [process.execPath, ...edgeFlags, command, 'edge'];
    for (const id of near) this.#spawn(edge, { ...locator, CT_EDGE_ID: id });
    if (far !== undefined) {
      const { id, space } = far;
      this.#spawn([...space.prefix, ...edge], {
        ...locator,
        CT_EDGE_ID: id,
        CT_EDGE_HOST: space.innerAddress,
      });
    }
    const all = near.length + (far === undefined ? 0 : 1);
    await keepsLooking(
      async () => (await this.edges()).filter(({ state }) => state === 'ready').length === all,
      'all edges are ready',
      readyMaxMs,
    );
  }

  #spawn(commandLine: readonly string[], settings: Readonly<Record<string, string>>): void {
    const [program, ...args] = commandLine;
    const child = spawn(program!, args, {
      // By the end of the channel the process notices that this one is gone, and ends too.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: plainEnv({
        CT_ADMIN_PORT: '0',
        CT_ADMIN_TOKEN: adminToken,
        CT_JOIN_TOKEN: fleetSecret,
        CT_SESSION_SECRET: fleetSecret,
        CT_DATA_DIR: this.#options.dataDir,
        CT_STOP_GRACE_MS: '1000',
        CT_LOG_LEVEL: 'debug',
        ...settings,
      }),
    });
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (line.startsWith('{')) this.lines.push(JSON.parse(line) as PoolLine);
      else this.#readyLines.push(line);
    });
    child.stderr!.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString('utf8')));
    this.#children.push(child);
  }

  async #call(path: string, init: RequestInit): Promise<Response> {
    const headers = { authorization: `Bearer ${adminToken}` };
    const signal = AbortSignal.timeout(answerMaxMs);
    return await fetch(`http://127.0.0.1:${this.#ports.admin}${path}`, { ...init, headers, signal });
  }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  const kill = setTimeout(() => child.kill('SIGKILL'), stopMaxMs);
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  clearTimeout(kill);
  return code;
}
