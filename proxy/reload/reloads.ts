/**
 * A reload: the settings are read anew and judged as a whole, each part prepares what it needs and may refuse; then all is
 * applied within one turn, or nothing is. Connections are not touched. A part registers itself by `onReload`.
 */
import type { AdminCaller } from '#shared/admin-operation.ts';
import { AppError } from '#shared/errors.ts';
import { hashClusterSettings } from '#shared/cluster-hash.ts';
import type { Log } from '#shared/log.ts';
import { settingsSchema } from '#shared/settings/schema.ts';
import type { SettingName, Settings } from '#shared/settings/schema.ts';
import { loadFrom, readAnew, settingsFileOf } from '#shared/settings/source.ts';
import type { SettingsSource, SettingsTakenMessage } from '#shared/settings/source.ts';
import { findChanges, notesOn } from './setting-changes.ts';
import type { SettingChange } from './setting-changes.ts';
import type { LiveSettings } from './live-settings.ts';

export interface ReloadStep {
  /** All settings as they will be. */
  readonly next: Settings;
  readonly changed: ReadonlySet<SettingName>;
}

/** Must not fail: whatever can is done while the part prepares. */
export type Apply = () => void;

/**
 * Called with each reload, also where no setting has changed, for a part may have files of its own. Gives what applies the change,
 * or undefined where there is nothing to do; throws a line for people to refuse the whole reload. May be called in vain.
 */
export type Prepare = (step: ReloadStep) => Promise<Apply | undefined> | Apply | undefined;

export interface ReloadReport {
  readonly outcome: 'applied' | 'unchanged' | 'possible' | 'restart-needed';
  readonly changes: readonly SettingChange[];
  readonly refreshed: readonly string[];
  readonly notes: readonly string[];
}

interface ReloadsOptions {
  readonly source: SettingsSource;
  readonly live: LiveSettings;
  readonly log: Log;
  /** Tells the supervisor, whose next processes start with what this one runs with. */
  readonly tellSupervisor: (message: SettingsTakenMessage) => void;
}

interface Plan {
  readonly source: SettingsSource;
  readonly step: ReloadStep;
  readonly changes: readonly SettingChange[];
  readonly notes: readonly string[];
  readonly prepared: ReadonlyMap<string, Apply>;
}

export class Reloads {
  readonly #options: ReloadsOptions;
  readonly #parts = new Map<string, Prepare>();
  #source: SettingsSource;
  #isRunning = false;
  /** A signal came while one ran: what was written since has not been read. */
  #isAskedAgain = false;

  constructor(options: ReloadsOptions) {
    this.#options = options;
    this.#source = options.source;
  }

  /** The source of what this process runs with. */
  get source(): SettingsSource {
    return this.#source;
  }

  /** `name` is how the answer calls the part. */
  onReload(name: string, prepare: Prepare): void {
    this.#parts.set(name, prepare);
  }

  /** Throws `settings-invalid` with every fault, `restart-needed` with every setting that needs one, or `reload-running`. */
  async run({ dryRun, caller }: { dryRun: boolean; caller: AdminCaller }): Promise<ReloadReport> {
    if (this.#isRunning) throw new AppError('reload-running');
    this.#isRunning = true;
    try {
      const plan = await this.#prepare();
      const { changes, notes, prepared } = plan;
      const refreshed = [...prepared.keys()];
      const report = { changes, refreshed, notes };
      const needRestart = changes.filter(({ isLive }) => !isLive);
      if (dryRun && needRestart.length > 0) return { outcome: 'restart-needed', ...report };
      if (needRestart.length > 0)
        throw new AppError('restart-needed', {
          params: needRestart.map(({ name, before, after }) => `${name}: ${before} -> ${after}`),
        });
      if (changes.length === 0 && refreshed.length === 0) return { outcome: 'unchanged', ...report };
      if (dryRun) return { outcome: 'possible', ...report };
      this.#apply(plan, caller);
      return { outcome: 'applied', ...report };
    } finally {
      this.#isRunning = false;
      if (this.#isAskedAgain) {
        this.#isAskedAgain = false;
        void this.runOnSignal();
      }
    }
  }

  /**
   * A successor would start with the settings file as it is: throws `settings-invalid` where it could not, and `restart-needed` where
   * edges would not join it.
   */
  judgeSuccessor(): void {
    const result = loadFrom(this.#readSource());
    if (result.kind === 'invalid') throw new AppError('settings-invalid', { params: result.faults });
    const before = settingsOf(this.#source);
    if (hashClusterSettings(before) === hashClusterSettings(result.settings)) return;
    const params = findChanges(before, result.settings, this.#source.role)
      .filter(({ name }) => settingsSchema[name].scope === 'cluster')
      .map(({ name }) => `${name}: must be equal on all members; stop the pool, and start it anew`);
    throw new AppError('restart-needed', { params });
  }

  /** A signal asks: whoever sent it reads the answer in the log. */
  async runOnSignal(): Promise<void> {
    const caller: AdminCaller = { role: 'admin', name: '', via: 'SIGHUP' };
    const { log } = this.#options;
    if (this.#isRunning) {
      this.#isAskedAgain = true;
      return;
    }
    try {
      const { outcome, changes, refreshed, notes } = await this.run({ dryRun: false, caller });
      if (outcome === 'unchanged') log.info('settings.unchanged', { notes });
      else log.info('settings.reloaded', { changes, refreshed, notes });
    } catch (error) {
      const faults = error instanceof AppError ? error.params : [];
      log.error('settings.refused', { error, faults });
    }
  }

  async #prepare(): Promise<Plan> {
    const before = settingsOf(this.#source);
    const source = this.#readSource();
    const result = loadFrom(source);
    if (result.kind === 'invalid') throw new AppError('settings-invalid', { params: result.faults });
    const changes = findChanges(before, result.settings, source.role);
    const changed = new Set(changes.map(({ name }) => name));
    const next = { ...this.#options.live.view };
    const step: ReloadStep = { next: Object.assign(next, pick(result.settings, changed)), changed };
    const prepared = new Map<string, Apply>();
    const faults: string[] = [];
    for (const [name, prepare] of this.#parts) {
      try {
        const apply = await prepare(step);
        if (apply !== undefined) prepared.set(name, apply);
      } catch (error) {
        faults.push(`${name}: ${(error as Error).message}`);
      }
    }
    if (faults.length > 0) throw new AppError('settings-invalid', { params: faults });
    return { source, step, changes, prepared, notes: [...result.notes, ...notesOn(source, changes)] };
  }

  #readSource(): SettingsSource {
    try {
      return readAnew(this.#source);
    } catch (error) {
      const fault = `${settingsFileOf(this.#source)}: ${(error as Error).message}`;
      throw new AppError('settings-invalid', { cause: error, params: [fault] });
    }
  }

  /** Within one turn. */
  #apply({ source, step, changes, prepared }: Plan, caller: AdminCaller): void {
    const { live, log, tellSupervisor } = this.#options;
    live.take(step.changed, step.next);
    for (const apply of prepared.values()) apply();
    this.#source = source;
    if (source.fileText !== undefined) tellSupervisor({ type: 'settings-taken', fileText: source.fileText });
    for (const { name, before, after } of changes) {
      const detail = `${before} -> ${after}`;
      const audit = { user: caller.name, subject: name, client: caller.via, detail };
      log.info('setting.changed', { setting: name, before, after, via: caller.via, audit });
    }
  }
}

function pick(settings: Settings, names: ReadonlySet<SettingName>): Partial<Settings> {
  return Object.fromEntries(Array.from(names, (name) => [name, settings[name]]));
}

/** They were valid when they were taken over. */
function settingsOf(source: SettingsSource): Settings {
  const result = loadFrom(source);
  if (result.kind === 'invalid')
    throw new Error(`the settings that run are not valid: ${result.faults.join('; ')}`);
  return result.settings;
}
