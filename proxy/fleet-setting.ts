/**
 * A setting of the whole fleet: kept in the directory, learnt by every front door within seconds, changed by whoever has
 * seen the newest. A store that does not answer leaves what is known.
 */
import { AppError } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { Directory } from './directory/directory.ts';
import { parseStored } from './directory/stored-json.ts';

interface FleetSettingOptions<T> {
  readonly directory: Directory;
  readonly name: string;
  /** What holds where nothing is stored. */
  readonly initial: T;
  /**
   * Undefined for what this program does not read: a newer one may know more, and what this one would misread it leaves alone. What is no
   * JSON is handed in as undefined.
   */
  readonly parse: (stored: unknown) => T | undefined;
  /** Told once of each version that is not read. */
  readonly onRefused: (version: number) => void;
  /** For who has not seen the newest. */
  readonly changedCode: ErrorCode;
}

const triesMax = 5;
/** In an answer that people read. */
const shownMaxLength = 1_000;

export class FleetSetting<T> {
  readonly #options: FleetSettingOptions<T>;
  #version = 0;
  #text = '';
  #refusedVersion = 0;
  /** What is stored now. */
  #isReadable = true;
  #value: T;

  constructor(options: FleetSettingOptions<T>) {
    this.#options = options;
    this.#value = options.initial;
  }

  get value(): T {
    return this.#value;
  }

  /** Rises with each change. */
  get version(): number {
    return this.#version;
  }

  /** Takes over what the directory has. */
  async refresh(): Promise<void> {
    const { directory, name, parse, onRefused } = this.#options;
    const stored = await directory.readFleetSetting(name);
    // A store that went back to an older copy gives a version twice.
    const isKnown = stored?.version === this.#version && stored.value === this.#text;
    this.#isReadable = true;
    if (stored === undefined || isKnown) return;
    const content = parseStored(stored.value);
    const value = parse(content);
    if (value === undefined) {
      if (stored.version !== this.#refusedVersion) onRefused(stored.version);
      this.#refusedVersion = stored.version;
      this.#isReadable = content === undefined;
      // Nobody's program wrote it: whoever sets it anew may.
      if (content === undefined) this.#version = stored.version;
      return;
    }
    this.#value = value;
    this.#version = stored.version;
    this.#text = stored.value;
  }

  /**
   * `next` in its stored form. Gives what it was. Throws `changedCode` where `seen` is not the newest version, with what is set by
   * now, and `stored-unreadable` where the newest is nothing that this program reads.
   */
  async replace(next: unknown, seen: number | undefined): Promise<T> {
    const { directory, name } = this.#options;
    for (let tries = 0; tries < triesMax; tries++) {
      await this.refresh();
      const before = this.#value;
      if (!this.#isReadable) throw new AppError('stored-unreadable');
      if (seen !== undefined && seen !== this.#version) throw this.#changed();
      if (!(await directory.writeFleetSetting(name, JSON.stringify(next), this.#version))) continue;
      await this.refresh();
      return before;
    }
    throw this.#changed();
  }

  #changed(): AppError {
    const text = this.#text.length > shownMaxLength ? 'too long to be shown' : this.#text;
    return new AppError(this.#options.changedCode, { params: [`Version ${this.#version}: ${text}`] });
  }
}
