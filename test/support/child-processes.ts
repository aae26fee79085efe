/** The processes under a supervisor, as the system sees them: who they are, what they listen at, whether they do anything. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { eventually } from './oct-inbox.ts';

/** Looks in a row that show no work. */
const calmLooks = 20;

export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

/** A front door that was none of `before`; undefined where there is none yet. */
export function successorAmong(pid: number, before: readonly number[]): number | undefined {
  // Before that it is still a copy of the supervisor, which waits for it.
  const isFrontDoor = (child: number): boolean =>
    readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('\0proxy');
  return childrenOf(pid).find((child) => !before.includes(child) && isFrontDoor(child));
}

/** Whether the process has a socket that listens at this port of 127.0.0.1. */
export function listensAt(pid: number, port: number): boolean {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const inodes = rows
    .filter(([, local, , state]) => local === address && state === '0A')
    .map((row) => row[9]);
  return inodes.some((inode) => opens(pid, (path) => path === `socket:[${inode}]`));
}

/** Whether the process has something open whose path is one of those. */
export function opens(pid: number, isIt: (path: string) => boolean): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((name) => {
    try {
      return isIt(readlinkSync(`/proc/${pid}/fd/${name}`));
    } catch {
      return false;
    }
  });
}

/** Resolves when it does nothing any more but wait. */
export async function rests(pid: number): Promise<void> {
  let used = '';
  let calm = 0;
  await eventually(() => {
    const now = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15).join(' ');
    calm = now === used ? calm + 1 : 0;
    used = now;
    return calm >= calmLooks;
  }, 'it has nothing to do');
}
