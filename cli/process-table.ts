/** The processes of a supervisor, as its run state tells them to `mooring ps`. */

import { join, resolve } from 'node:path';
import type { Settings } from '#shared/settings/schema.ts';

export interface ProcessRow {
  /** `front door`, `edge-1`. */
  readonly name: string;
  readonly role: 'proxy' | 'edge' | 'supervisor';
  readonly pid: number;
  /** ms since 1970. */
  readonly startedAtMs: number;
  /** Times that it was started again after a crash. */
  readonly restarts: number;
  /** Times that another process took its place as planned. */
  readonly replacements: number;
  /** Empty where it logs to the standard output of the supervisor. */
  readonly logFile: string;
}

export type Birth = Pick<ProcessRow, 'name' | 'role' | 'pid' | 'logFile'>;

export class ProcessTable {
  readonly #rows = new Map<string, ProcessRow>();
  readonly #onChange: (rows: readonly ProcessRow[]) => void;

  /** Tells all rows after each change. */
  constructor(onChange: (rows: readonly ProcessRow[]) => void) {
    this.#onChange = onChange;
  }

  get rows(): readonly ProcessRow[] {
    const order = ['supervisor', 'proxy', 'edge'];
    return [...this.#rows.values()].sort(
      (a, b) =>
        order.indexOf(a.role) - order.indexOf(b.role) ||
        a.name.localeCompare(b.name, 'en', { numeric: true }),
    );
  }

  /** What is told beside the rows has changed. */
  told(): void {
    this.#onChange(this.rows);
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
    this.#onChange(this.rows);
  }
}

/** Where a process of this kind logs to; empty for standard output. */
export function logFileOf({ CT_LOG_DIR: folder }: Settings, name: string): string {
  return folder === '' ? '' : join(resolve(folder), `${name}.log`);
}

export function supervisorRow(settings: Settings, name: string): Birth {
  return { name: 'supervisor', role: 'supervisor', pid: process.pid, logFile: logFileOf(settings, name) };
}
