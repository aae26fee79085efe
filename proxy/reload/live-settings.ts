/**
 * The settings of a front door that runs, as one object whose values change with a reload. Whoever reads a setting each time
 * that it needs it has the newest; whoever must do something about a change is a part of the reload (`reloads.ts`).
 */
import { settingNames } from '#shared/settings/load.ts';
import type { SettingName, Settings } from '#shared/settings/schema.ts';

export class LiveSettings {
  /** What the parts of the front door are given. */
  readonly view: Settings;
  #current: Settings;

  constructor(settings: Settings) {
    this.#current = settings;
    const view = {};
    for (const name of settingNames)
      Object.defineProperty(view, name, { enumerable: true, get: () => this.#current[name] });
    this.view = Object.freeze(view) as Settings;
  }

  /** All of them at once: nobody sees some of them changed. */
  take(names: Iterable<SettingName>, next: Settings): void {
    const changed = Object.fromEntries(Array.from(names, (name) => [name, next[name]]));
    this.#current = Object.freeze({ ...this.#current, ...changed });
  }
}
