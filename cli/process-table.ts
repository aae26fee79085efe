/** The processes of a supervisor, as its run state tells them to `mooring ps`. */

import { join, resolve } from 'node:path';
import type { Log } from '#shared/log.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { writeRunState } from './run-state.ts';
import type { ProcessRow, RunState } from './run-state.ts';

export type Birth = Pick<ProcessRow, 'name' | 'role' | 'pid' | 'logFile'>;

export class ProcessTable {
  readonly #rows = new Map<string, ProcessRow>();
  readonly #dataDir: string;
  readonly #log: Log;
  #ports: RunState['ports'] | undefined;

  constructor(dataDir: string, log: Log) {
    this.#dataDir = dataDir;
    this.#log = log;
  }

  get #rowsInOrder(): readonly ProcessRow[] {
    const order = ['supervisor', 'proxy', 'edge'];
    return [...this.#rows.values()].sort(
      (a, b) =>
        order.indexOf(a.role) - order.indexOf(b.role) ||
        a.name.localeCompare(b.name, 'en', { numeric: true }),
    );
  }

  /** Whoever reads the run state takes the pool for ready from now on. Throws where it cannot be written. */
  serve(ports: RunState['ports']): void {
    this.#ports = ports;
    this.#write(ports);
  }

  /** It serves. */
  started(birth: Birth, how: 'first' | 'again' | 'successor'): void {
    const before = this.#rows.get(birth.name);
    this.#rows.set(birth.name, {
      ...birth,
      startedAtMs: Date.now(),
      restarts: (before?.restarts ?? 0) + (how === 'again' ? 1 : 0),
      replacements: (before?.replacements ?? 0) + (how === 'successor' ? 1 : 0),
    });
    if (this.#ports === undefined) return;
    try {
      this.#write(this.#ports);
    } catch (error) {
      // A full disk stops nobody who serves.
      this.#log.error('run-state.failed', { error });
    }
  }

  #write(ports: RunState['ports']): void {
    writeRunState(this.#dataDir, { pid: process.pid, ports, processes: this.#rowsInOrder });
  }
}

/** Where a process of this kind logs to; empty for standard output. */
export function logFileOf({ CT_LOG_DIR: folder }: Settings, name: string): string {
  return folder === '' ? '' : join(resolve(folder), `${name}.log`);
}

export function supervisorRow(settings: Settings, name: string): Birth {
  return { name: 'supervisor', role: 'supervisor', pid: process.pid, logFile: logFileOf(settings, name) };
}
