/**
 * What a supervisor (`mooring direct`, or `mooring proxy` with one) leaves in its data folder for other commands: its processes, and
 * the ports to ask at.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '#shared/write-whole.ts';

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

export interface RunState {
  readonly pid: number;
  readonly processes?: readonly ProcessRow[];
  readonly ports: Readonly<Record<string, number>>;
}

export function removeRunState(dataDir: string): void {
  rmSync(statePath(dataDir), { force: true });
}

/** Replaces the file in one step, so that no reader sees half of it. */
export function writeRunState(dataDir: string, state: RunState): void {
  writeWhole(statePath(dataDir), JSON.stringify(state), 0o600);
}

export function readRunState(dataDir: string): RunState | undefined {
  if (!existsSync(statePath(dataDir))) return undefined;
  return JSON.parse(readFileSync(statePath(dataDir), 'utf8')) as RunState;
}

function statePath(dataDir: string): string {
  return join(dataDir, 'mooring.json');
}
