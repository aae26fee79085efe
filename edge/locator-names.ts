/**
 * The control addresses behind `CT_LOCATOR`: a name with several addresses stands for as many front doors, and is looked
 * up again every few seconds. Literal addresses and `localhost` stand for themselves. Where a look-up fails, what was known stays.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Log } from '#shared/log.ts';

export interface ControlTarget {
  /** `ws://HOST:PORT` or `wss://HOST:PORT`, as it was given. */
  readonly locator: string;
  /** Where to connect; undefined where the host says it by itself. */
  readonly address: string | undefined;
}

/** All addresses of a name, in any order; rejects where there are none. */
export type ResolveName = (host: string) => Promise<readonly string[]>;

interface LocatorNamesOptions {
  readonly locators: readonly string[];
  /** Undefined: no name is looked up. */
  readonly resolve: ResolveName | undefined;
  /** Called with all targets whenever they change, and once at the start. */
  readonly onTargets: (targets: readonly ControlTarget[]) => void;
  readonly log: Log;
}

const lookIntervalMs = 3_000;

export class LocatorNames {
  readonly #options: LocatorNamesOptions;
  readonly #known = new Map<string, readonly ControlTarget[]>();
  readonly #failing = new Set<string>();
  #looking: NodeJS.Timeout | undefined;
  #told: string | undefined;

  constructor(options: LocatorNamesOptions) {
    this.#options = options;
  }

  start(): void {
    const names: string[] = [];
    for (const locator of this.#options.locators) {
      if (this.#options.resolve !== undefined && isName(hostOf(locator))) names.push(locator);
      else this.#known.set(locator, [{ locator, address: undefined }]);
    }
    this.#tell();
    if (names.length > 0) void this.#watch(names);
  }

  /** Whether every locator has addresses, of now or before. */
  get areKnown(): boolean {
    return this.#options.locators.every((locator) => this.#known.has(locator));
  }

  stop(): void {
    clearTimeout(this.#looking);
    this.#looking = undefined;
    this.#told = stopped;
  }

  async #watch(names: readonly string[]): Promise<void> {
    await Promise.all(names.map(async (locator) => await this.#look(locator)));
    if (this.#told === stopped) return;
    this.#tell();
    this.#looking = setTimeout(() => void this.#watch(names), lookIntervalMs);
  }

  async #look(locator: string): Promise<void> {
    const { resolve, log } = this.#options;
    try {
      const addresses = await resolve!(hostOf(locator));
      this.#known.set(
        locator,
        [...new Set(addresses)].toSorted().map((address) => ({ locator, address })),
      );
      this.#failing.delete(locator);
    } catch (error) {
      // One line for as long as it takes.
      if (!this.#failing.has(locator)) log.warn('control.unresolved', { locator, error });
      this.#failing.add(locator);
    }
  }

  #tell(): void {
    const targets = [...this.#known.values()].flat();
    const text = JSON.stringify(targets);
    if (text === this.#told) return;
    this.#told = text;
    this.#options.onTargets(targets);
  }
}

const stopped = 'stopped';

/** By the system: its files, its search list, its name servers. */
export async function resolveBySystem(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

function hostOf(locator: string): string {
  return new URL(locator).hostname.replace(/^\[|\]$/g, '');
}

function isName(host: string): boolean {
  return isIP(host) === 0 && host !== 'localhost';
}
