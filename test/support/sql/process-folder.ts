/**
 * One folder per test process for all that its database servers have, and a watchdog that ends them and removes
 * it when the process is gone, also when that was killed.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** In a server's folder: the number of its process while it runs. */
export const pidFileName = 'server.pid';

/**
 * Reads until nobody holds the other end of its input. A server gets 2 s to end by itself, in which PostgreSQL gives
 * its shared memory back; what it forked does not always go with it.
 */
const watchdog = `
cat >/dev/null
for file in "$1"/*/${pidFileName}; do
  [ -e "$file" ] || continue
  pid=$(cat "$file")
  family="$pid $(cat "/proc/$pid/task/$pid/children")"
  kill -CONT $family
  kill -QUIT "$pid"
  for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e "/proc/$pid" ] && sleep 0.2; done
  kill -KILL $family
done
rm -rf "$1"
`;

let folder: string | undefined;

/** A new folder in that of the process. */
export function makeProcessFolder(name: string): string {
  folder ??= watchNewFolder();
  const own = join(folder, `${name}-${readdirSync(folder).length}`);
  mkdirSync(own, { mode: 0o700 });
  return own;
}

function watchNewFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'mooring-sql-'));
  // The accounts of the servers have to get through to their own.
  chmodSync(made, 0o711);
  const child = spawn('sh', ['-c', watchdog, 'watchdog', made], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return made;
}

/** A process and what it has forked, the process first. */
export function familyOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return [pid, ...children.split(' ').filter(Boolean).map(Number)];
}

/** False also where it only waits for somebody to note its end. */
export function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const stopMaxMs = 5_000;
const lookIntervalMs = 1;

/** The signal is only the beginning: on a busy machine threads go on for a while. */
export function waitUntilStopped(pid: number): void {
  const deadline = performance.now() + stopMaxMs;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (!isStopped(pid)) {
    if (performance.now() > deadline) throw new Error(`process ${pid} does not stop`);
    Atomics.wait(pause, 0, 0, lookIntervalMs);
  }
}

export function isStopped(pid: number): boolean {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.every((thread) =>
      /\) [TZX] /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')),
    );
  } catch {
    return !isRunning(pid);
  }
}
