/**
 * What a supervisor (`mooring direct`, or `mooring proxy` with one) leaves in its data folder: the lock that refuses a second one, and the
 * ports that other commands ask at. The lock is SQLite's file lock, which the system releases with the
 * process however it dies, so there is no stale lock to remove by hand.
 */
import Database from 'better-sqlite3';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

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

/** One restart of the pool at a time; throws a readable error where one is going on. */
export function lockRestart(dataDir: string): { release: () => void } {
  if (!existsSync(dataDir)) return { release: () => undefined };
  const going = (): string => `a restart of the pool in ${resolve(dataDir)} is going on`;
  const lock = openLock(join(dataDir, 'mooring-restart.lock'), going);
  return { release: () => lock.close() };
}

function removeRunState(dataDir: string): void {
  rmSync(statePath(dataDir), { force: true });
}

/** Takes the data folder for this process; throws a readable error when another one has it. */
export function lockDataDir(dataDir: string): { release: () => void } {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const inUse = (): string => {
    const holder = readRunState(dataDir);
    const who = holder === undefined ? 'another process' : `process ${holder.pid}`;
    return `the data folder ${resolve(dataDir)} is in use by ${who}; stop it, or set CT_DATA_DIR`;
  };
  const lock = openLock(join(dataDir, 'mooring.lock'), inUse);
  return {
    release: () => {
      removeRunState(dataDir);
      lock.close();
      rmSync(join(dataDir, 'mooring.lock'), { force: true });
    },
  };
}

/** Replaces the file in one step, so that no reader sees half of it. */
export function writeRunState(dataDir: string, state: RunState): void {
  const draft = `${statePath(dataDir)}.draft`;
  writeFileSync(draft, JSON.stringify(state), { mode: 0o600 });
  renameSync(draft, statePath(dataDir));
}

export function readRunState(dataDir: string): RunState | undefined {
  if (!existsSync(statePath(dataDir))) return undefined;
  return JSON.parse(readFileSync(statePath(dataDir), 'utf8')) as RunState;
}

/** Throws `held` where another process has it, and any other fault as it is. */
function openLock(path: string, held: () => string): Database.Database {
  const lock = new Database(path, { timeout: 0 });
  try {
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (cause) {
    lock.close();
    const isHeld = (cause as { readonly code?: string }).code === 'SQLITE_BUSY';
    throw isHeld ? new Error(held(), { cause }) : cause;
  }
}

function statePath(dataDir: string): string {
  return join(dataDir, 'mooring.json');
}
