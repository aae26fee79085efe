/**
 * Processes that the bench starts: pinned to a core, output in a file, every wait with a deadline. None
 * outlives the bench: whatever still runs when it exits is killed, by the process group that it was given.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The proxy has a core of its own; the load and the backends share the other one. */
const cores = { load: 0, proxy: 1 } as const;

/** Whatever else the machine does comes second, where the bench may ask for that; the same for all. */
const priority = process.getuid?.() === 0 ? ['nice', '-n', '-15'] : [];

const stopGraceMs = 3_000;
const pollIntervalMs = 10;
/** Enough for a ready line, a result or the cause of a failure. */
const outputPartBytes = 16_384;

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly core: keyof typeof cores;
  /** Takes the output file. */
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const running = new Set<Child>();

/** Call once: ends all children with the bench, also after SIGINT and SIGTERM. */
export function killChildrenAtExit(): void {
  process.on('exit', () => running.forEach((child) => child.kill()));
  process.on('SIGINT', () => process.exit(130));
  process.on('SIGTERM', () => process.exit(143));
}

/** The bench itself, and what it forks in the meantime, is on the core of the load. */
export async function onLoadCore<T>(work: () => Promise<T>): Promise<T> {
  const pin = (list: string): void =>
    void execFileSync('taskset', ['-a', '-p', '-c', list, String(process.pid)], { stdio: 'ignore' });
  pin(String(cores.load));
  try {
    return await work();
  } finally {
    pin(`0-${cpus().length - 1}`);
  }
}

export async function stopChildren(): Promise<void> {
  await Promise.all([...running].map((child) => child.stop()));
}

export class Child {
  readonly pid: number;
  readonly #name: string;
  readonly #outputPath: string;
  readonly #ended: Promise<unknown>;
  #exitCode: number | undefined;

  constructor(options: ChildOptions) {
    const { name, command, args, core, folder, environment } = options;
    this.#name = name;
    this.#outputPath = join(folder, `${name}.out`);
    // Appended to, so that the log of a stopped process keeps its place.
    const output = openSync(this.#outputPath, 'a');
    // Dies with the bench even when that is killed outright.
    const wrapper = ['--pdeathsig', 'KILL', ...priority, 'taskset', '-c', String(cores[core])];
    const child = spawn('setpriv', [...wrapper, command, ...args], {
      stdio: ['ignore', output, output],
      env: { ...process.env, ...environment },
      detached: true,
    });
    closeSync(output);
    if (child.pid === undefined) throw new Error('cannot start setpriv: apt-get install -y util-linux');
    this.pid = child.pid;
    running.add(this);
    this.#ended = once(child, 'exit').then(([code]: unknown[]) => {
      this.#exitCode = typeof code === 'number' ? code : -1;
      this.kill();
      running.delete(this);
    });
  }

  /** Waits for a line near the start of the output. */
  async waitForLine(pattern: RegExp, deadlineMs: number): Promise<RegExpExecArray> {
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      const found = pattern.exec(this.#readOutput('start'));
      if (found !== null) return found;
      const end = this.causeOfEnd();
      if (end !== undefined) throw end;
      if (performance.now() > deadline) throw this.#failure(`is not ready after ${deadlineMs} ms`);
      await sleep(pollIntervalMs);
    }
  }

  /** Waits for a good end and returns the last of the output. */
  async waitForResult(deadlineMs: number): Promise<string> {
    if (!(await this.#endsWithin(deadlineMs))) throw this.#failure(`has no result after ${deadlineMs} ms`);
    if (this.#exitCode !== 0) throw this.causeOfEnd();
    return this.#readOutput('end');
  }

  /** Why it is over although nobody stopped it; undefined while it runs. */
  causeOfEnd(): Error | undefined {
    return this.#exitCode === undefined ? undefined : this.#failure(`ended with code ${this.#exitCode}`);
  }

  async stop(): Promise<void> {
    if (this.#exitCode !== undefined) return;
    process.kill(this.pid, 'SIGTERM');
    if (await this.#endsWithin(stopGraceMs)) return;
    this.kill();
    await this.#ended;
  }

  /** Kills the process and its own children at once. */
  kill(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch (error) {
      // No such group: everything in it has ended already.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  async #endsWithin(deadlineMs: number): Promise<boolean> {
    const timer = new AbortController();
    const tooLate = sleep(deadlineMs, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([this.#ended, tooLate]);
    timer.abort();
    return this.#exitCode !== undefined;
  }

  #failure(what: string): Error {
    return new Error(`${this.#name} ${what}: ${this.#readOutput('end').trim() || '(no output)'}`);
  }

  /** A log may grow to gigabytes: reads one end of it. */
  #readOutput(end: 'start' | 'end'): string {
    const file = openSync(this.#outputPath, 'r');
    try {
      const position = end === 'start' ? 0 : Math.max(0, fstatSync(file).size - outputPartBytes);
      const part = Buffer.alloc(outputPartBytes);
      return part.toString('utf8', 0, readSync(file, part, 0, outputPartBytes, position));
    } finally {
      closeSync(file);
    }
  }
}
