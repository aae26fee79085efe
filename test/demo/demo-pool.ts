/** The pool of the demo: `mooring direct` as anybody starts it, with a password for its dashboard, downloads and log files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { plainEnv } from '../support/front-door.ts';
import { makeDemoClients } from './demo-clients.ts';

interface PoolOptions {
  readonly folder: string;
  readonly port: number;
  readonly edges: number;
  readonly login: { readonly user: string; readonly password: string };
  /** It has ended, by itself or because it was told to. */
  readonly onEnd: () => void;
}

interface DemoPool {
  /** Resolves with its admin port. */
  ready(signal: AbortSignal): Promise<number>;
  stop(): Promise<void>;
  /** What was wrong with its life. */
  readonly failure: string | undefined;
}

const command = join(import.meta.dirname, '../../bin/mooring.js');
const stopMaxMs = 40_000;

export function startDemoPool({ folder, port, edges, login, onEnd }: PoolOptions): DemoPool {
  const clients = join(folder, 'clients');
  makeDemoClients(clients);
  const child = spawn(process.execPath, [command, 'direct'], {
    // By the end of the channel it notices that the demo is gone.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: plainEnv({
      CT_HTTP_PORT: String(port),
      CT_ADMIN_PORT: '0',
      CT_CONTROL_PORT: '0',
      CT_HTTPS_PORT: '0',
      CT_DATA_DIR: folder,
      CT_EDGES: String(edges),
      CT_DASHBOARD_USER: login.user,
      CT_DASHBOARD_PASSWORD: login.password,
      CT_LIMIT_NEW_KEYS: '0',
      CT_CLIENTS_DIR: clients,
      CT_LOG_DIR: join(folder, 'logs'),
    }),
  });
  let said = '';
  let isStopping = false;
  const { promise: adminPort, resolve, reject } = Promise.withResolvers<number>();
  adminPort.catch(() => undefined);
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const [, admin] = /^mooring direct ready: .*admin on (\d+)/.exec(line) ?? [];
    if (admin !== undefined) resolve(Number(admin));
  });
  child.stderr!.on('data', (bytes: Buffer) => (said = (said + bytes.toString()).slice(-4_096)));
  const ended = once(child, 'exit').then(([code]) => {
    reject(new Error(`the pool did not start: ${said}`));
    onEnd();
    return code as number | null;
  });
  let failure: string | undefined;
  return {
    ready: async (signal) => {
      signal.addEventListener('abort', () => reject(new Error('ended before it began')), { once: true });
      return await adminPort;
    },
    stop: async () => {
      isStopping = child.exitCode === null;
      const deadline = setTimeout(() => child.kill('SIGKILL'), stopMaxMs);
      child.kill('SIGTERM');
      const code = await ended;
      clearTimeout(deadline);
      if (code !== 0) failure = `The pool ended with ${code}${isStopping ? '' : ' by itself'}: ${said}`;
    },
    get failure() {
      return failure;
    },
  };
}
