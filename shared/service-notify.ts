/**
 * What systemd is told of the process that it started (sd_notify(3)), where it asks for that. Node has no datagram sockets of
 * Unix, so systemd's own program says it: the unit needs `NotifyAccess=all`.
 */
import { execFile } from 'node:child_process';

const program = 'systemd-notify';
const answerMaxMs = 5_000;
let hasFailed = false;
let isTelling = false;
/** What is told already. */
let turn: Promise<void> = Promise.resolve();

/** Assignments as READY=1; in their order. */
export function notifyService(...states: readonly string[]): void {
  if (!process.env['NOTIFY_SOCKET']) return;
  // One after the other: what comes last is what holds.
  turn = turn.then(async () => await tell(states));
}

/** Says again and again that the event loop turns, while it does, as often as systemd wants. */
export function startWatchdog(): void {
  const { WATCHDOG_USEC: microseconds = '', WATCHDOG_PID: pid = String(process.pid) } = process.env;
  const everyMs = Number(microseconds) / 1_000;
  if (!(everyMs > 0) || pid !== String(process.pid)) return;
  // systemd advises half of its patience.
  setInterval(() => {
    // While one is being told the next one would only wait behind it.
    if (!isTelling) notifyService('WATCHDOG=1');
  }, everyMs / 2).unref();
}

/** The time of CLOCK_MONOTONIC, by which systemd tells this reload from one before. */
export function notifyReloading(): void {
  notifyService('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`);
}

/** Resolves always: a service serves on, also where nobody can be told of it. */
async function tell(states: readonly string[]): Promise<void> {
  isTelling = true;
  await new Promise<void>((resolve) => {
    execFile(program, [...states], { timeout: answerMaxMs }, (error) => {
      if (error !== null && !hasFailed) process.emitWarning(`systemd is not told: ${error.message}`);
      hasFailed ||= error !== null;
      resolve();
    });
  });
  isTelling = false;
}
