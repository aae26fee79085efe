/**
 * The life of a process: starts, says that it is ready, stops once on SIGTERM, SIGINT or when its
 * supervisor is gone, and dies loudly on a programmer's error so that its lease lapses and sessions move.
 */
import { closeSync, openSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import type { Log } from './log.ts';
import { notifyReloading, notifyService, startWatchdog } from './service-notify.ts';

/** What a supervisor is told over the IPC channel when a child serves. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly ports: Readonly<Record<string, number>>;
}

/** Asked and answered on the same channel: a process that hangs does not answer. */
export interface CallMessage {
  readonly type: 'call' | 'answer';
}

interface LifeOptions {
  readonly log: Log;
  /** Ends what the process does; bounded by itself. The cause is a signal, or that the supervisor is gone. */
  readonly stop: (cause: string) => Promise<void>;
  /** The process is killed when `stop` takes longer. */
  readonly stopMaxMs: number;
}

/** Arranges the end of the process; call once, when there is something to stop. Returns what ends it from within. */
export function armProcessLife(options: LifeOptions): (cause: string) => void {
  let stopping = false;
  const stop = (cause: string): void => {
    if (stopping) return;
    stopping = true;
    notifyService('STOPPING=1');
    options.log.info('process.stopping', { cause });
    const deadline = setTimeout(() => {
      options.log.error('process.failed', { reason: 'the stop took too long' });
      exit(options.log, 1);
    }, options.stopMaxMs);
    deadline.unref();
    options.stop(cause).then(
      () => {
        options.log.info('process.stopped', { cause });
        exit(options.log, 0);
      },
      (error: unknown) => fail(options.log, error),
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('disconnect', () => stop('the supervisor is gone'));
  process.on('message', ({ type }: CallMessage) => {
    const answer: CallMessage = { type: 'answer' };
    if (type === 'call') process.send?.(answer);
  });
  armCrash(options.log);
  return stop;
}

/**
 * What a process does on SIGHUP. A process of a terminal that is gone stops all the same, as it would without this: nobody
 * would know of it.
 */
export function onHangup(handle: () => void | Promise<void>): void {
  const hadTerminal = process.stdin.isTTY;
  process.on('SIGHUP', () => {
    if (hadTerminal && !hasTerminal()) process.kill(process.pid, 'SIGTERM');
    else void reload(handle);
  });
}

/** Resolves when it is done, or refused, which the log tells. */
async function reload(handle: () => void | Promise<void>): Promise<void> {
  notifyReloading();
  await handle();
  notifyService('READY=1');
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** An error that nobody expected ends the process; what it owned moves on to others. */
function armCrash(log: Log): void {
  process.on('uncaughtException', (error) => fail(log, error));
  process.on('unhandledRejection', (reason) => fail(log, reason));
}

/** Tells people (one line), the supervisor and systemd that the process serves. */
export function announceReady(line: string, ports: ReadyMessage['ports']): void {
  // A process that is killed leaves what it has compiled to the next one.
  flushCompileCache();
  process.stdout.write(`${line}\n`);
  notifyService('READY=1', `STATUS=${line}`);
  startWatchdog();
  const message: ReadyMessage = { type: 'ready', ports };
  process.send?.(message);
}

function fail(log: Log, error: unknown): void {
  log.error('process.failed', { error });
  exit(log, 1);
}

/** Whatever becomes of the last lines: a log that cannot be written must not keep a process from its end. */
function exit(log: Log, code: number): void {
  void log.flush().finally(() => process.exit(code));
}
