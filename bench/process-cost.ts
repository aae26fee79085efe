/**
 * What a process and its children have cost so far, from the kernel's own accounting: CPU of all threads in
 * nanosecond steps (/proc/PID/task/TID/schedstat) and memory (/proc/PID/smaps_rollup). Linux only.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface MemoryKib {
  readonly rss: number;
  /** Shared pages divided by the number of their users, so that forked workers are not counted twice. */
  readonly pss: number;
}

export function readCpuMicroseconds(rootPid: number): number {
  let nanoseconds = 0;
  for (const thread of threadsOfTree(rootPid)) {
    nanoseconds += Number(readFileSync(`${thread}/schedstat`, 'utf8').split(' ', 1)[0]);
  }
  return nanoseconds / 1_000;
}

export function readMemoryKib(rootPid: number): MemoryKib {
  let rss = 0;
  let pss = 0;
  for (const pid of pidsOfTree(rootPid)) {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    rss += Number(/^Rss:\s+(\d+) kB$/m.exec(rollup)?.[1]);
    pss += Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]);
  }
  return { rss, pss };
}

function pidsOfTree(rootPid: number): number[] {
  const pids = [rootPid];
  for (const pid of pids) {
    for (const thread of threadsOf(pid)) {
      const children = readFileSync(`${thread}/children`, 'utf8').split(' ');
      pids.push(...children.filter((child) => child !== '').map(Number));
    }
  }
  return pids;
}

function threadsOfTree(rootPid: number): string[] {
  return pidsOfTree(rootPid).flatMap(threadsOf);
}

function threadsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);
}
