/**
 * One supervised process: started, started again after a crash with growing pauses, replaced by a successor while it
 * serves, ended when it hangs, stopped with a deadline. A child that the supervisor stops is not started again.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Log } from '#shared/log.ts';
import type { CallMessage, ReadyMessage } from '#shared/process-life.ts';
import { starts } from '#shared/replacement.ts';
import type { ReplacementOrder, ReplacementReport } from '#shared/replacement.ts';
import type { SettingsTakenMessage } from '#shared/settings/source.ts';
import type { ShareMessage } from '#shared/siblings.ts';
import { LineRelay } from './line-relay.ts';
import type { Listeners } from './listeners.ts';
import type { ProcessTable } from './process-table.ts';

interface ChildOptions {
  readonly name: string;
  readonly role: 'proxy' | 'edge';
  readonly env: Readonly<Record<string, string>>;
  /** Handed on to each process that runs as this child. */
  readonly listeners?: Listeners | undefined;
  readonly log: Log;
  readonly table?: ProcessTable | undefined;
  /** Where it logs to; empty for our own standard output. */
  readonly logFile?: string;
  readonly stopMaxMs: number;
  /** It runs with another text of the settings file from now on. */
  readonly onSettingsTaken?: (fileText: string) => void;
  /** Throws where the process is not to be replaced. */
  readonly beforeReplacement?: () => void;
  /** The process asks to be replaced; by itself it is. */
  readonly onReplacementAsked?: () => Promise<void>;
  /** For all who serve beside it. */
  readonly onShare?: (message: ShareMessage, from: ChildProcess) => void;
}

type Ports = ReadyMessage['ports'];
type Message = ReadyMessage | CallMessage | ReplacementReport | SettingsTakenMessage | ShareMessage;

const command = fileURLToPath(new URL('../bin/mooring.js', import.meta.url));
/**
 * Of the process of each role. A front door keeps little of what it makes: with Node's own bound the young generation grows
 * to more than thousands of idle tunnels need; and four threads that collect and compile beside it take its core from it,
 * where it has no other. The same stands in `Dockerfile.proxy`.
 */
const nodeOptions = { proxy: ['--max-semi-space-size=4', '--v8-pool-size=1'], edge: [] } as const;
const pauseMinMs = 100;
const pauseMaxMs = 10_000;
/** A process that lived so long starts with the shortest pause again. */
const steadyAfterMs = 30_000;
const readyMaxMs = 30_000;
const askIntervalMs = 2_000;
/**
 * So many questions without an answer, and the process is ended: its lease is over for long, and a frozen process may
 * hold the lock of a file that the others write.
 */
const unansweredMax = 5;

export class SupervisedChild {
  readonly #options: ChildOptions;
  #env: Record<string, string>;
  /** The one that serves, or that is to serve next after a crash. */
  #process: ChildProcess | undefined;
  /** All that run: also successors that prepare themselves, and processes that have retired. */
  readonly #running = new Set<ChildProcess>();
  #pauseMs = pauseMinMs;
  #restart: NodeJS.Timeout | undefined;
  #hasEndedWell = false;
  #isReplacing = false;
  /** Prepares itself to take the place. */
  #successor: ChildProcess | undefined;
  #stopping = false;

  constructor(options: ChildOptions) {
    this.#options = options;
    this.#env = { ...options.env };
  }

  /** Starts the process; resolves with its ports when it serves, rejects when its first start fails. */
  async start(): Promise<Ports> {
    this.#process = this.#spawn({});
    return await this.#nextWord<ReadyMessage>(this.#process, 'ready').then(({ ports }) => ports);
  }

  /** From now on the process starts with these settings too; keeps a picked port over restarts. */
  keep(env: Readonly<Record<string, string>>): void {
    this.#env = { ...this.#env, ...env };
  }

  /** To all processes that run as this child, those that retire too, but for one. */
  send(message: ShareMessage, except: ChildProcess): void {
    for (const child of this.#running) if (child !== except) child.send(message, () => undefined);
  }

  /** To the process that serves. */
  pass(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  async stop(signal: 'SIGTERM' | 'SIGINT'): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    await Promise.all([...this.#running].map(async (child) => await this.#end(child, signal)));
  }

  /**
   * Never rejects. Where it fails before the old process has retired, that one serves on; where that one ends meanwhile,
   * the successor comes at once, and without one the next start does.
   */
  async replace(): Promise<void> {
    const old = this.#process;
    if (old === undefined || !this.#running.has(old) || this.#isReplacing || this.#stopping) return;
    const { log, name } = this.#options;
    this.#isReplacing = true;
    let successor: ChildProcess | undefined;
    try {
      this.#options.beforeReplacement?.();
      successor = this.#spawn(starts.successor);
      this.#successor = successor;
      const { takesEdges = false } = await this.#nextWord<ReplacementReport>(successor, 'prepared');
      this.#process = successor;
      // From now on its end is that of the process that serves.
      this.#successor = undefined;
      if (this.#running.has(old)) await this.#retire(old, takesEdges);
      tell(successor, { type: 'go' });
      await this.#nextWord(successor, 'ready');
      log.info('child.replaced', { child: name, childPid: successor.pid, beforePid: old.pid });
    } catch (error) {
      log.error('child.not-replaced', { child: name, error });
      successor?.kill('SIGKILL');
      if (this.#process === old && !this.#running.has(old) && !this.#stopping) this.#startLater(0);
    } finally {
      this.#isReplacing = false;
      this.#successor = undefined;
    }
  }

  async #retire(old: ChildProcess, takesEdges: boolean): Promise<void> {
    const { log, name } = this.#options;
    const retired = this.#nextWord(old, 'retired');
    tell(old, { type: 'retire', takesEdges });
    await retired.catch(async (error: unknown) => {
      log.warn('child.unwilling', { child: name, error });
      // It may have the ports that only one can have.
      if (this.#running.has(old)) await this.#end(old, 'SIGKILL');
    });
  }

  async #end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    const kill = setTimeout(() => child.kill('SIGKILL'), this.#options.stopMaxMs);
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill(signal);
    });
    clearTimeout(kill);
  }

  #spawn(extra: Readonly<Record<string, string>>): ChildProcess {
    const { name, role, log, listeners } = this.#options;
    const startedAt = performance.now();
    const child = fork(command, [role], {
      env: { ...this.#env, ...listeners?.env, ...extra },
      execArgv: [...process.execArgv, ...nodeOptions[role]],
      // Descriptors that are passed on begin at 3.
      stdio: ['ignore', 'pipe', 'inherit', ...(listeners?.descriptors ?? []), 'ipc'],
    });
    this.#running.add(child);
    const relay = new LineRelay((line) => log.pass(line));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => relay.add(text));
    child.stdout?.once('end', () => relay.end());
    this.#watch(child);
    child.on('message', (message: Message) => {
      const { type } = message;
      if (type === 'settings-taken') this.#options.onSettingsTaken?.(message.fileText);
      if (type === 'ready') this.#noteStart(child, extra);
      if (type === 'share') this.#options.onShare?.(message, child);
      if (type === 'replace') void (this.#options.onReplacementAsked?.() ?? this.replace());
    });
    child.once('exit', (code, signal) => {
      this.#running.delete(child);
      if (child !== this.#process)
        log.info('child.retired', { child: name, childPid: child.pid, code, signal });
      else if (!this.#stopping) this.#onExit({ code, signal }, performance.now() - startedAt);
    });
    return child;
  }

  #noteStart({ pid }: ChildProcess, extra: Readonly<Record<string, string>>): void {
    const { name, role, log, table, logFile = '' } = this.#options;
    const again = this.#hasEndedWell ? 'successor' : 'again';
    const how = extra === starts.again ? again : extra === starts.successor ? 'successor' : 'first';
    log.info('child.started', { child: name, childPid: pid });
    table?.started({ name, role, pid: pid!, logFile }, how);
  }

  /** Counts questions and not time: a supervisor that hung itself has asked none. */
  #watch(child: ChildProcess): void {
    let unanswered = 0;
    const ask = (): void => {
      if (unanswered++ < unansweredMax) return tell(child, { type: 'call' });
      this.#options.log.error('child.stuck', { child: this.#options.name, childPid: child.pid });
      child.kill('SIGKILL');
    };
    let asking: NodeJS.Timeout | undefined;
    child.on('message', ({ type }: Message) => {
      if (type === 'ready') asking ??= setInterval(ask, askIntervalMs);
      if (type === 'answer') unanswered = 0;
    });
    child.once('exit', () => clearInterval(asking));
  }

  /** Rejects where the process ends before it says so, or does not say so in time. */
  async #nextWord<T extends Message>(child: ChildProcess, type: T['type']): Promise<T> {
    const { name } = this.#options;
    if (!this.#running.has(child)) throw new Error(`${name} is not ${type}: it has ended`);
    return await new Promise<T>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`${name} is not ${type} after ${readyMaxMs} ms`)),
        readyMaxMs,
      );
      const onMessage = (message: Message): void => {
        if (message.type === type) settle(() => resolve(message as T));
      };
      const onExit = (code: number | null, signal: string | null): void =>
        settle(() => reject(new Error(`${name} is not ${type}: it ended with ${signal ?? `exit ${code}`}`)));
      const settle = (then: () => void): void => {
        clearTimeout(late);
        child.off('message', onMessage).off('exit', onExit);
        then();
      };
      child.on('message', onMessage).on('exit', onExit);
    });
  }

  /** Of the process that serves. */
  #onExit(exit: { code: number | null; signal: string | null }, livedMs: number): void {
    // As an edge does when it was emptied to be restarted: no crash.
    this.#hasEndedWell = exit.code === 0;
    // A successor that prepares itself takes over.
    const pauseMs = this.#successor === undefined ? this.#startLater(livedMs) : 0;
    this.#options.log.warn('child.exited', { child: this.#options.name, ...exit, pauseMs });
  }

  /** Returns after how long. */
  #startLater(livedMs: number): number {
    if (livedMs > steadyAfterMs) this.#pauseMs = pauseMinMs;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMaxMs, pauseMs * 2);
    // Nobody waits for it: failures show in the log and lead to the next restart.
    this.#restart = setTimeout(() => {
      this.#process = this.#spawn(starts.again);
    }, pauseMs);
    return pauseMs;
  }
}

function tell(child: ChildProcess, word: CallMessage | ReplacementOrder): void {
  // Of a process that is gone its exit tells.
  child.send(word, () => undefined);
}
