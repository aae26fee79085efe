/** `mooring ps`: the processes that a supervisor of this machine runs, read off its run state. */
import { readFileSync } from 'node:fs';
import { print, row } from './inspect.ts';
import type { InspectOptions } from './inspect.ts';
import { readRunState } from './run-state.ts';
import type { ProcessRow } from './run-state.ts';

export const psHelp = `
Of mooring direct, and of mooring proxy with CT_PROXY_WORKERS above 1 or a planned restart, in the data folder. Memory is what
the process has of the machine's (RSS).

Examples:
  mooring ps
  mooring ps --data-dir /var/lib/mooring --json`;

const mebibyte = 1_048_576;

export async function showProcesses(options: InspectOptions): Promise<void> {
  const state = readRunState(options.dataDir);
  if (state === undefined || !isRunning(state.pid))
    throw new Error(`no supervisor runs in ${options.dataDir} (--data-dir)`);
  const now = Date.now();
  const processes = (state.processes ?? []).map((known) => ({
    ...known,
    isRunning: isRunning(known.pid),
    uptimeSeconds: Math.max(0, Math.round((now - known.startedAtMs) / 1_000)),
    rssBytes: rssOf(known.pid),
  }));
  print(options, { supervisor: state.pid, processes }, () => [
    row(['PROCESS', 'ROLE', 'PID', 'UPTIME', 'RESTARTS', 'REPLACED', 'MEMORY', 'LOG']),
    ...processes.map((one) =>
      row([
        one.name,
        one.role,
        String(one.pid),
        one.isRunning ? showUptime(one.uptimeSeconds) : 'down',
        String(one.restarts),
        String(one.replacements),
        one.rssBytes === 0 ? '-' : `${Math.round(one.rssBytes / mebibyte)} MiB`,
        one.logFile || 'standard output',
      ]),
    ),
  ]);
}

function isRunning(pid: ProcessRow['pid']): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** proc(5); 0 where the system has no such file. */
function rssOf(pid: number): number {
  try {
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kibibytes ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

/** `2:15:37:49`, as administrators know it: days, hours, minutes, seconds. */
function showUptime(seconds: number): string {
  const parts = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  return [...parts, seconds % 60]
    .map((part, at) => (at === 0 ? String(part) : String(part).padStart(2, '0')))
    .join(':');
}
