/** What the trace does to a contestant: two front doors, and edges that come and go behind them. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

export interface StickyFleet {
  readonly name: string;
  /** Of both front doors, without a slash at the end. */
  readonly urls: readonly string[];
  /** Starts the edge's process; resolves when the pool has taken it in. */
  join(edge: string): Promise<void>;
  /** As for an upgrade: SIGTERM. */
  leave(edge: string): Promise<void>;
  kill(edge: string): void;
  drain(edge: string): Promise<void>;
  undrain(edge: string): Promise<void>;
  /** Keys that two edges hold right now, where the contestant can tell. */
  countSplits(): Promise<number | undefined>;
  close(): void;
}

/** Processes by name, none of which outlives the bench. */
export class Processes {
  readonly #running = new Map<string, ChildProcess>();
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    process.on('exit', () => this.close());
  }

  start(
    name: string,
    [program, ...args]: readonly [string, ...string[]],
    env: Record<string, string> = {},
  ): void {
    const output = openSync(join(this.#folder, `${name}.out`), 'a');
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
      stdio: ['ignore', output, output],
      env: { ...process.env, ...env },
    });
    closeSync(output);
    this.#running.set(name, child);
    child.once('exit', () => {
      if (this.#running.get(name) === child) this.#running.delete(name);
    });
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.#running.get(name)?.kill(signal);
  }

  isRunning(name: string): boolean {
    return this.#running.has(name);
  }

  close(): void {
    for (const child of this.#running.values()) child.kill('SIGKILL');
  }
}

const untilPauseMs = 50;
const untilMaxMs = 30_000;

export async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const deadline = performance.now() + untilMaxMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${untilMaxMs} ms until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, untilPauseMs));
  }
}
