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

const readyMaxMs = 30_000;
const stopMaxMs = 20_000;
const answerMaxMs = 15_000;

export interface SpreadOptions {
  readonly space: NetNamespace;
  readonly dataDir: string;
  /** Of the edges on this side, and of the one in the namespace. */
  readonly near: readonly string[];
  readonly far: string;
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
    const { space, near, far } = this.#options;
    this.#spawn('proxy', [], {
      CT_HTTP_PORT: '0',
      CT_CONTROL_PORT: '0',
      CT_CONTROL_HOST: space.outerAddress,
    });
    await keepsLooking(() => this.#readyLines.length === 1, 'the front door is ready', readyMaxMs);
    const line = this.#readyLines[0]!;
    const portIn = (pattern: RegExp): number => Number(pattern.exec(line)?.[1]);
    this.#ports = {
      http: portIn(/http:\/\/[^:]+:(\d+)/),
      admin: portIn(/admin on (\d+)/),
      control: portIn(/edges join on (\d+)/),
    };
    for (const id of near) this.#spawn('edge', [], this.#edgeSettings(id, '127.0.0.1'));
    this.#spawn('edge', space.prefix, this.#edgeSettings(far, space.innerAddress));
    await keepsLooking(
      async () => (await this.edges()).filter(({ state }) => state === 'ready').length === near.length + 1,
      'all edges are ready',
      readyMaxMs,
    );
  }

  #edgeSettings(id: string, host: string): Record<string, string> {
    const locator = `ws://${this.#options.space.outerAddress}:${this.#ports.control}`;
    return { CT_EDGE_ID: id, CT_EDGE_HOST: host, CT_EDGE_PORT: '0', CT_LOCATOR: locator };
  }

  #spawn(
    role: 'proxy' | 'edge',
    prefix: readonly string[],
    settings: Readonly<Record<string, string>>,
  ): void {
    const [program, ...args] = [...prefix, process.execPath, command, role];
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
