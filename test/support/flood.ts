/** A flood of clients in a process of its own, so that whoever watches is not a part of what it does to others. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { FloodCommand, FloodOrder, FloodReport } from './flood-program.ts';

const program = fileURLToPath(new URL('flood-program.ts', import.meta.url));

export class Flood {
  readonly #child: ChildProcess;
  #report: FloodReport = { connected: 0, ended: 0 };

  constructor(order: FloodOrder) {
    this.#child = fork(program, { stdio: 'inherit' });
    this.#child.on('message', (report: FloodReport) => (this.#report = report));
    this.#order({ open: order });
  }

  /** Leaves the processor to others where they want it. */
  yieldTo(priority: number): void {
    setPriority(this.#child.pid!, priority);
  }

  get connected(): number {
    return this.#report.connected;
  }

  /** Connections that are over. */
  get ended(): number {
    return this.#report.ended;
  }

  /** Each says some more. */
  drip(text: string): void {
    this.#order({ drip: text });
  }

  /** All leave. */
  end(): void {
    this.#order({ end: true });
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  #order(command: FloodCommand): void {
    if (this.#child.connected) this.#child.send(command);
  }
}
