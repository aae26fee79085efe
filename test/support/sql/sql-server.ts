/**
 * Private database servers for tests: MariaDB and PostgreSQL on free loopback ports with data that goes away. They
 * can be killed, frozen, stopped and started on their port, taken back to an older copy of their data, and demand
 * TLS. Where a program is missing, the error names the package.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Authority } from '../certificate.ts';
import type { Certificate } from '../certificate.ts';
import { eventually } from '../oct-inbox.ts';
import { familyOf, isRunning, makeProcessFolder, pidFileName, waitUntilStopped } from './process-folder.ts';
import { asAccountOf, ownerOf, productOf, run, templateOf } from './installed-product.ts';
import type { SqlPlace, SqlProduct, SqlProductName } from './sql-product.ts';

const readyMaxMs = 30_000;
const endMaxMs = 20_000;
const user = 'mooring';

/** How Mooring reaches one fresh, empty database. */
export interface SqlAddress {
  readonly product: SqlProductName;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Who has signed the server's certificate, where it demands TLS. */
  readonly caPath: string | undefined;
}

export interface SqlServerOptions {
  /** Whether TCP connections must be encrypted; false. */
  readonly demandsTls?: boolean;
  /** Whom its certificate is for, as openssl writes them; `DNS:localhost,IP:127.0.0.1`. */
  readonly certificateNames?: string;
  /** Whether a commit waits for the disk, as benches want it; false. */
  readonly isDurable?: boolean;
  /** In the server's own words, such as `max-allowed-packet` or `max_connections`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Variables besides those of the test itself. */
  readonly env?: Readonly<Record<string, string>>;
  /** A command line in front of the server's own, as one that puts it into another network. */
  readonly prefix?: readonly string[];
}

/** A server of the test's own; ends with the test. */
export async function startSqlServer(
  t: Pick<TestContext, 'after'>,
  name: SqlProductName,
  options: SqlServerOptions = {},
): Promise<SqlServer> {
  const { product, program } = productOf(name);
  const folder = makeProcessFolder(name);
  const { demandsTls = false, isDurable = false, settings = {}, env = {}, prefix = [] } = options;
  const { certificateNames = 'DNS:localhost,IP:127.0.0.1' } = options;
  const authority = demandsTls ? new Authority(t) : undefined;
  const leaf = authority?.sign(certificateNames);
  const dataFolder = join(folder, 'data');
  const port = await findFreePort();
  const place = { folder, dataFolder, port, tls: copyLeaf(folder, leaf), isDurable, settings };
  await run('cp', ['-a', await templateOf(product, program), dataFolder]);
  const server = new SqlServer({ product, program, place, caPath: authority?.own.certPath, env, prefix });
  t.after(async () => await server.end());
  await server.start();
  await server.ask(product.createUser(user, server.password));
  return server;
}

const shared = new Map<SqlProductName, Promise<SqlServer>>();

/** The server of this test process for all who do it no harm; ends with the process. */
export async function sharedSqlServer(name: SqlProductName): Promise<SqlServer> {
  const server = shared.get(name) ?? startSqlServer({ after: () => {} }, name);
  shared.set(name, server);
  return await server;
}

interface Parts {
  readonly product: SqlProduct;
  readonly program: string;
  readonly place: SqlPlace;
  readonly caPath: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly prefix: readonly string[];
}

export class SqlServer {
  readonly password = randomBytes(12).toString('hex');
  readonly #parts: Parts;
  #process: ChildProcess | undefined;
  #databases = 0;
  #copies = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get port(): number {
    return this.#parts.place.port;
  }

  /** Process number of the running server. */
  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error('the database server does not run');
    return pid;
  }

  async createDatabase(): Promise<SqlAddress> {
    const { product, caPath } = this.#parts;
    const database = `test_${++this.#databases}`;
    for (const statement of product.createDatabase(database, user)) await this.ask(statement);
    const { password, port } = this;
    return { product: product.name, host: '127.0.0.1', port, user, password, database, caPath };
  }

  /** One statement as administrator, by the server's own client; gives rows of columns. */
  async ask(statement: string, database?: string): Promise<string[][]> {
    const { product, program, place } = this.#parts;
    const { command, args } = product.ask(program, place, database);
    const output = await run(command, [...args, statement]);
    const lines = output.split('\n').filter((line) => line !== '');
    return lines.map((line) => line.split('\t'));
  }

  /** Returns when it takes connections. */
  async start(): Promise<void> {
    const { product, program, place, env, prefix } = this.#parts;
    const pidFile = join(place.folder, pidFileName);
    product.configure(place);
    await run('chown', ['-R', ownerOf(product), place.folder]);
    const log = openSync(join(place.folder, 'log'), 'a');
    const served = product.serve(program, place);
    // Set after the account has changed: a library that is preloaded has what it makes from the start.
    const line = [...Object.entries(env).map((pair) => pair.join('=')), served.command, ...served.args];
    const { command, args } = asAccountOf(product, { command: 'env', args: line });
    // A group of its own: Ctrl-C at the terminal is for the test alone.
    const whole = [...prefix, command, ...args];
    const child = spawn(whole[0]!, whole.slice(1), {
      stdio: ['ignore', log, log],
      detached: true,
      cwd: place.folder,
    });
    closeSync(log);
    if (child.pid === undefined) throw new Error(`cannot start ${command}`);
    writeFileSync(pidFile, String(child.pid));
    child.once('exit', () => {
      rmSync(pidFile, { force: true });
      if (this.#process === child) this.#process = undefined;
    });
    child.unref();
    this.#process = child;
    await eventually(async () => await this.#isReady(), `${product.name} takes connections`, readyMaxMs);
  }

  /** Orderly, as an administrator stops it. */
  async stop(): Promise<void> {
    await this.#endBy(() => process.kill(this.pid, this.#parts.product.stopSignal));
  }

  /** As the kernel ends a process: nothing is written any more. */
  async kill(): Promise<void> {
    const { pid } = this;
    process.kill(pid, 'SIGSTOP');
    const family = familyOf(pid);
    await this.#endBy(() => signal(family, 'SIGKILL'));
    await eventually(
      () => !family.some(isRunning),
      'the processes of the database server are gone',
      endMaxMs,
    );
  }

  /** It answers nobody, and closes no connection, until it is thawed. */
  freeze(): void {
    // Its parent first, which then forks nobody else.
    process.kill(this.pid, 'SIGSTOP');
    waitUntilStopped(this.pid);
    const family = familyOf(this.pid);
    signal(family, 'SIGSTOP');
    family.forEach(waitUntilStopped);
  }

  thaw(): void {
    signal(familyOf(this.pid).toReversed(), 'SIGCONT');
  }

  /** A copy of the data as they are at this moment, for `restore`; nobody's connection is touched. */
  async copyData(): Promise<string> {
    const copy = join(this.#parts.place.folder, `copy-${++this.#copies}`);
    this.freeze();
    try {
      await run('cp', ['-a', this.#parts.place.dataFolder, copy]);
    } finally {
      this.thaw();
    }
    return copy;
  }

  /** Kills the server and starts it with the data of the copy. */
  async restore(copy: string): Promise<void> {
    const { product, place } = this.#parts;
    if (this.#process !== undefined) await this.kill();
    rmSync(place.dataFolder, { recursive: true });
    await run('cp', ['-a', copy, place.dataFolder]);
    for (const name of product.staleFiles) rmSync(join(place.dataFolder, name), { force: true });
    await this.start();
  }

  /** Ends it however it is, and removes all that it had. */
  async end(): Promise<void> {
    if (this.#process !== undefined) {
      this.thaw();
      // An orderly end of PostgreSQL, without a checkpoint.
      await this.#endBy(() => process.kill(this.pid, 'SIGQUIT'));
    }
    rmSync(this.#parts.place.folder, { recursive: true, force: true });
  }

  async #endBy(act: () => void): Promise<void> {
    const child = this.#process!;
    const exited = once(child, 'exit', { signal: AbortSignal.timeout(endMaxMs) });
    child.ref();
    act();
    await exited;
  }

  async #isReady(): Promise<boolean> {
    if (this.#process === undefined) {
      const log = readFileSync(join(this.#parts.place.folder, 'log'), 'utf8');
      throw new Error(`the database server ended: ${log.slice(-2_000)}`);
    }
    return await this.ask('SELECT 1').then(
      () => true,
      () => false,
    );
  }
}

function copyLeaf(folder: string, leaf: Certificate | undefined): SqlPlace['tls'] {
  if (leaf === undefined) return undefined;
  const own = { certPath: join(folder, 'server.pem'), keyPath: join(folder, 'server.key') };
  copyFileSync(leaf.certPath, own.certPath);
  copyFileSync(leaf.keyPath, own.keyPath);
  return own;
}

/** Below the ports that the kernel gives out, which somebody would have while the server is down. */
async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      // It has ended meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
