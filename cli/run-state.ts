/**
 * What a running `mooring direct` leaves in its data folder: the lock that refuses a second start, and the
 * ports that other commands ask at. The lock is SQLite's file lock, which the system releases with the
 * process however it dies, so there is no stale lock to remove by hand.
 */
import Database from 'better-sqlite3';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ProcessRow } from './process-table.ts';

export interface RunState {
  readonly pid: number;
  readonly processes?: readonly ProcessRow[];
  readonly ports: Readonly<Record<string, number>>;
}

/** One restart of the pool at a time; throws a readable error where one is going on. */
export function lockRestart(dataDir: string): { release: () => void } {
  if (!existsSync(dataDir)) return { release: () => undefined };
  const lock = new Database(join(dataDir, 'mooring-restart.lock'), { timeout: 0 });
  try {
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new Error(`a restart of the pool in ${resolve(dataDir)} is going on`, { cause });
  }
  return { release: () => lock.close() };
}

export function removeRunState(dataDir: string): void {
  rmSync(statePath(dataDir), { force: true });
}

/** Takes the data folder for this process; throws a readable error when another one has it. */
export function lockDataDir(dataDir: string): { release: () => void } {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = new Database(join(dataDir, 'mooring.lock'), { timeout: 0 });
  try {
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    const holder = readRunState(dataDir);
    const who = holder === undefined ? 'another process' : `process ${holder.pid}`;
    throw new Error(`the data folder ${resolve(dataDir)} is in use by ${who}; stop it, or set CT_DATA_DIR`, {
      cause,
    });
  }
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

function statePath(dataDir: string): string {
  return join(dataDir, 'mooring.json');
}
