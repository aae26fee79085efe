/**
 * One supervised process: started, started again after a crash with growing pauses, stopped with a
 * deadline. A child that the supervisor stops is not started again.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Log } from '#shared/log.ts';
import type { ReadyMessage } from '#shared/process-life.ts';

interface ChildOptions {
  readonly name: string;
  readonly role: 'proxy' | 'edge';
  readonly env: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly stopMaxMs: number;
}

const command = fileURLToPath(new URL('../bin/mooring.js', import.meta.url));
/**
 * Of the process of each role. A front door keeps little of what it makes: with Node's own bound the young generation grows
 * to more than thousands of idle tunnels need. The same stands in `Dockerfile.proxy`.
 */
const nodeOptions = { proxy: ['--max-semi-space-size=4'], edge: [] } as const;
const pauseMinMs = 100;
const pauseMaxMs = 10_000;
/** A process that lived so long starts with the shortest pause again. */
const steadyAfterMs = 30_000;
const readyMaxMs = 30_000;

export class SupervisedChild {
  readonly #options: ChildOptions;
  #env: Record<string, string>;
  #process: ChildProcess | undefined;
  #pauseMs = pauseMinMs;
  #restart: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: ChildOptions) {
    this.#options = options;
    this.#env = { ...options.env };
  }

  /** Starts the process; resolves with its ports when it serves, rejects when its first start fails. */
  async start(): Promise<ReadyMessage['ports']> {
    return await new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`${this.#options.name} is not ready after ${readyMaxMs} ms`)),
        readyMaxMs,
      );
      this.#spawn(
        (ports) => {
          clearTimeout(late);
          resolve(ports);
        },
        (reason) => {
          clearTimeout(late);
          reject(new Error(`${this.#options.name} could not start: ${reason}`));
        },
      );
    });
  }

  /** From now on the process starts with these settings too; keeps a picked port over restarts. */
  keep(env: Readonly<Record<string, string>>): void {
    this.#env = { ...this.#env, ...env };
  }

  async stop(signal: 'SIGTERM' | 'SIGINT'): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const kill = setTimeout(() => child.kill('SIGKILL'), this.#options.stopMaxMs);
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill(signal);
    });
    clearTimeout(kill);
  }

  #spawn(onReady: (ports: ReadyMessage['ports']) => void, onFailed: (reason: string) => void): void {
    const { name, role, log } = this.#options;
    const startedAt = performance.now();
    const child = fork(command, [role], {
      env: this.#env,
      execArgv: [...process.execArgv, ...nodeOptions[role]],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    this.#process = child;
    let ready = false;
    // The child's log lines pass; the line for people is the supervisor's to print.
    child.stdout?.on('data', (chunk: Buffer) => process.stdout.write(withoutReadyLine(chunk)));
    child.on('message', (message: ReadyMessage) => {
      if (message.type !== 'ready') return;
      ready = true;
      log.info('child.started', { child: name, childPid: child.pid });
      onReady(message.ports);
    });
    child.once('exit', (code, signal) => {
      if (this.#stopping) return;
      if (!ready) onFailed(`it ended with ${signal ?? `exit ${code}`}`);
      this.#scheduleRestart(performance.now() - startedAt, { code, signal });
    });
  }

  #scheduleRestart(livedMs: number, exit: { code: number | null; signal: string | null }): void {
    if (livedMs > steadyAfterMs) this.#pauseMs = pauseMinMs;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMaxMs, pauseMs * 2);
    this.#options.log.warn('child.exited', { child: this.#options.name, ...exit, pauseMs });
    this.#restart = setTimeout(() => this.#spawn(ignore, ignore), pauseMs);
  }
}

function ignore(): void {
  // A restart has nobody who waits for it: failures show in the log and lead to the next restart.
}

function withoutReadyLine(chunk: Buffer): Buffer | string {
  const text = chunk.toString('utf8');
  return text.includes('mooring ') ? text.replace(/^mooring (proxy|edge) ready.*\n/m, '') : chunk;
}
