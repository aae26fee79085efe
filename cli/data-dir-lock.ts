/**
 * The locks of a data folder: one supervisor at a time, and one restart. They are SQLite's file locks, which the system releases with
 * the process however it dies, so there is no stale lock to remove by hand.
 */
import Database from 'better-sqlite3';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readRunState, removeRunState } from './run-state.ts';

/** One restart of the pool at a time; throws a readable error where one is going on. */
export function lockRestart(dataDir: string): { release: () => void } {
  if (!existsSync(dataDir)) return { release: () => undefined };
  const going = (): string => `a restart of the pool in ${resolve(dataDir)} is going on`;
  const lock = openLock(join(dataDir, 'mooring-restart.lock'), going);
  return { release: () => lock.close() };
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
