/**
 * The restart that an administrator has planned: at its time the supervisor has `mooring restart` do what it does by hand, so
 * that front doors and edges are replaced one after the other and no session ends.
 */
import { execFile } from 'node:child_process';
import type { ChildProcess, ExecFileException } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Cron } from 'croner';
import type { Log } from '#shared/log.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { plansRestart } from '#shared/settings/service-settings.ts';

const command = fileURLToPath(new URL('../bin/mooring.js', import.meta.url));
/** `* 11 * * 0` means every minute of that hour, and whoever wrote it meant once. */
const pauseMinMs = 3_600_000;

interface ScheduledRestartOptions {
  readonly settings: Settings;
  /** What is restarted: `--rolling` or `--front-door`. */
  readonly what: string;
  readonly log: Log;
}

export class ScheduledRestart {
  readonly #options: ScheduledRestartOptions;
  #cron: Cron | undefined;
  #lastMs = -Infinity;
  #running: ChildProcess | undefined;
  #isStopping = false;

  constructor(options: ScheduledRestartOptions) {
    this.#options = options;
  }

  /** To be called when all that can be restarted serves. */
  begin(): void {
    const { settings, log } = this.#options;
    const { CT_AUTO_RESTART_CRON_PATTERN: pattern, CT_TIME_ZONE: timezone } = settings;
    if (!plansRestart(settings)) return;
    this.#cron = new Cron(pattern, { timezone, unref: true }, () => void this.#run());
    log.info('restart.planned', { pattern, timezone, next: this.#cron.nextRun()?.toISOString() });
  }

  /** The one that runs is left unfinished: the pool stops. */
  stop(): void {
    this.#isStopping = true;
    this.#cron?.stop();
    this.#running?.kill('SIGTERM');
  }

  async #run(): Promise<void> {
    const now = performance.now();
    if (this.#running !== undefined || now - this.#lastMs < pauseMinMs) return;
    this.#lastMs = now;
    const { settings, what, log } = this.#options;
    log.info('restart.started', { next: this.#cron?.nextRun()?.toISOString() });
    const { CT_DATA_DIR: folder, CT_ADMIN_SOCKET, CT_ADMIN_TOKEN } = settings;
    const args = [command, 'restart', what, '--data-dir', folder];
    try {
      // Commands read no settings file.
      const env = { ...process.env, CT_ADMIN_SOCKET, CT_ADMIN_TOKEN };
      const over = promisify(execFile)(process.execPath, args, { env });
      this.#running = over.child;
      await over;
      log.info('restart.ended');
    } catch (error) {
      const { code, stderr = '', message } = error as ExecFileException;
      if (!this.#isStopping) log.error('restart.failed', { code, reason: stderr.trim() || message });
    } finally {
      this.#running = undefined;
    }
  }
}
